package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** The identity and the measurements of one request, made when it arrives. */
public final class RequestContext {

    public static final String REQUEST_ID_HEADER = "X-Request-Id";

    static final Attribute<RequestContext> ATTRIBUTE = Attribute.of(RequestContext.class);

    private static final Pattern CLIENT_REQUEST_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    /** The most bytes that one request may store; null for no limit. */
    @FunctionalInterface
    public interface Sizes {
        @Nullable Long of(@Nullable String plan);
    }

    private final String requestId;
    private final @Nullable String clientRequestId;
    private final Timings timings;
    private final RateLimits rateLimits = new RateLimits();
    private volatile @Nullable String operation;
    private volatile Sizes sizes = plan -> null;
    private volatile int cost = 1;
    private volatile @Nullable Duration answerLife;
    private volatile @Nullable String refusal;
    private volatile boolean clientGone;

    private RequestContext(String requestId, @Nullable String clientRequestId, Timings timings) {
        this.requestId = requestId;
        this.clientRequestId = clientRequestId;
        this.timings = timings;
    }

    /** Starts the context of a request that has just arrived; a client's id is kept only if it is harmless in a log. */
    public static RequestContext start(ServerWebExchange exchange) {
        String sent = exchange.getRequest().getHeaders().getFirst(REQUEST_ID_HEADER);
        String clientId = sent != null && CLIENT_REQUEST_ID.matcher(sent).matches() ? sent : null;
        RequestContext context = new RequestContext(newRequestId(), clientId, new Timings(System::nanoTime));
        ATTRIBUTE.set(exchange, context);
        return context;
    }

    /** The context of this request; one is started if the request came by another way than the edge's own filter. */
    public static RequestContext of(ServerWebExchange exchange) {
        RequestContext context = ATTRIBUTE.get(exchange);
        return context != null ? context : start(exchange);
    }

    /** A fresh id, for what is answered without a context. */
    static String newRequestId() {
        return "sup_" + SortableIds.next().toString().replace("-", "");
    }

    /** {@code sup_} and a UUIDv7 (RFC 9562) in hexadecimal, so that ids sort by time. */
    public String requestId() {
        return requestId;
    }

    /** The id that the client sent, if it was valid. */
    public @Nullable String clientRequestId() {
        return clientRequestId;
    }

    public Timings timings() {
        return timings;
    }

    public RateLimits rateLimits() {
        return rateLimits;
    }

    /** The operation that the route's filters named, such as {@code signed-url}; null before the first of them. */
    public @Nullable String operation() {
        return operation;
    }

    /** @param sizes how much a request of this operation may store, whatever changes while it is under way */
    public void operation(String name, Sizes sizes) {
        this.operation = name;
        this.sizes = sizes;
    }

    /** How much the request may store, in bytes, for a caller of that plan; null for no limit. */
    public @Nullable Long maxSize(@Nullable String plan) {
        return sizes.of(plan);
    }

    /** How many operations the request asks for and counts as: 1, but for a batch. */
    public int cost() {
        return cost;
    }

    /** @param operations at least 1 */
    public void cost(int operations) {
        cost = operations;
    }

    /** Refuses a batch that no waiting would bring within a limit of so many operations in so many seconds. */
    public void requireWithin(long limit, long windowSeconds) {
        if (cost > 1 && cost > limit) {
            throw Problem.invalid(
                            "items",
                            "There are " + cost + " items, and the limit is " + limit + " in " + windowSeconds + " s",
                            "Send at most " + limit + " items at once")
                    .exception();
        }
    }

    /** For how long the answer is of use; null for as long as anybody keeps it. */
    public @Nullable Duration answerLife() {
        return answerLife;
    }

    public void answerLife(Duration life) {
        answerLife = life;
    }

    /** The code of the refusal that was answered; null while there is none. */
    public @Nullable String refusal() {
        return refusal;
    }

    /** Whether the client went before it could be answered. */
    boolean isClientGone() {
        return clientGone;
    }

    void clientIsGone() {
        clientGone = true;
    }

    public void refusal(String code) {
        refusal = code;
    }
}
