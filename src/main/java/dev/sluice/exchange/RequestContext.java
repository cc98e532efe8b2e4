package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import dev.sluice.tracing.Trace;
import java.time.Duration;
import java.util.HexFormat;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** The identity and the measurements of one request, made when it arrives. */
public final class RequestContext {

    public static final String REQUEST_ID_HEADER = "X-Request-Id";

    static final Attribute<RequestContext> ATTRIBUTE = Attribute.of(RequestContext.class);

    private static final HexFormat HEX = HexFormat.of();
    private static final Pattern CLIENT_REQUEST_ID = Pattern.compile("[A-Za-z0-9._:-]{1,128}");

    /** The most bytes that one request may store; null for no limit. */
    @FunctionalInterface
    public interface Sizes {
        @Nullable Long of(@Nullable String plan);
    }

    private final String requestId;
    private final @Nullable String clientRequestId;
    private final @Nullable Trace trace;
    private final Timings timings;
    private final RateLimits rateLimits = new RateLimits();
    private volatile @Nullable String operation;
    private volatile Sizes sizes = plan -> null;
    private volatile Sizes shadowSizes = plan -> null;
    private volatile int cost = 1;
    private volatile @Nullable Duration answerLife;
    private volatile @Nullable String refusal;
    private volatile boolean clientGone;

    private RequestContext(String requestId, @Nullable String clientRequestId, @Nullable Trace trace) {
        this.requestId = requestId;
        this.clientRequestId = clientRequestId;
        this.trace = trace;
        this.timings = new Timings(System::nanoTime, trace);
    }

    /**
     * Starts the context of a request that has just arrived; a client's id is kept only if it is harmless in a log.
     *
     * @param trace null if it is not traced
     */
    static RequestContext start(ServerWebExchange exchange, @Nullable Trace trace) {
        String sent = exchange.getRequest().getHeaders().getFirst(REQUEST_ID_HEADER);
        String clientId = sent != null && CLIENT_REQUEST_ID.matcher(sent).matches() ? sent : null;
        RequestContext context = new RequestContext(newRequestId(), clientId, trace);
        ATTRIBUTE.set(exchange, context);
        return context;
    }

    /** The context of this request; one is started if the request came by another way than the edge's own filter. */
    public static RequestContext of(ServerWebExchange exchange) {
        RequestContext context = ATTRIBUTE.get(exchange);
        return context != null ? context : start(exchange, null);
    }

    /** A fresh id, for what is answered without a context. */
    static String newRequestId() {
        UUID id = SortableIds.next();
        return "sup_" + HEX.toHexDigits(id.getMostSignificantBits()) + HEX.toHexDigits(id.getLeastSignificantBits());
    }

    /** {@code sup_} and a UUIDv7 (RFC 9562) in hexadecimal, so that ids sort by time. */
    public String requestId() {
        return requestId;
    }

    /** The id that the client sent, if it was valid. */
    public @Nullable String clientRequestId() {
        return clientRequestId;
    }

    /** Null if the request is not traced, as most are not. */
    @Nullable Trace trace() {
        return trace;
    }

    /** What this thread logs until the scope is closed is of this request. */
    public LogScope logging() {
        return LogScope.of(requestId, trace);
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

    /** The operation of a filter that is in shadow: names the request unless one does that holds, and limits nothing. */
    public void shadowOperation(String name, Sizes wouldBe) {
        if (operation == null) {
            operation = name;
        }
        shadowSizes = wouldBe;
    }

    /** How much the request might store if its filters in shadow held, in bytes; null for no limit. */
    public @Nullable Long shadowMaxSize(@Nullable String plan) {
        return shadowSizes.of(plan);
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
        Problem tooMany = tooManyFor(limit, windowSeconds);
        if (tooMany != null) {
            throw tooMany.exception();
        }
    }

    /** The refusal of a batch that no waiting would bring within that limit; null if it can fit. */
    public @Nullable Problem tooManyFor(long limit, long windowSeconds) {
        return cost > 1 && cost > limit
                ? Problem.invalid(
                        "items",
                        "There are " + cost + " items, and the limit is " + limit + " in " + windowSeconds + " s",
                        "Send at most " + limit + " items at once")
                : null;
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
