package dev.sluice.upload;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.admission.Admission;
import dev.sluice.caller.Caller;
import dev.sluice.exchange.ClientGone;
import dev.sluice.exchange.LogScope;
import dev.sluice.exchange.RequestContext;
import dev.sluice.exchange.SharedClock;
import dev.sluice.exchange.Stage;
import dev.sluice.intent.Resumable;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.net.URI;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The last filter before the gateway's own routing, for all that is proxied: makes sure of where those go that have an
 * {@link UploadIntent}, meters their bodies and gives them their credentials.
 */
final class UploadFilter implements GlobalFilter, Ordered, AutoCloseable {

    /** After the target is known (10000, with a load balancer 10150), before it is called. */
    static final int ORDER = 10200;

    private static final Logger log = LoggerFactory.getLogger(UploadFilter.class);

    private final Credentials credentials;
    private final UploadMeters meters;
    private final StorageAnswers answers;
    private final Duration answerTimeout;
    private final SharedClock clock;

    /** @param answerTimeout how long the backend may do nothing with an upload */
    UploadFilter(Credentials credentials, UploadMeters meters, StorageAnswers answers, Duration answerTimeout) {
        this.credentials = credentials;
        this.meters = meters;
        this.answers = answers;
        this.answerTimeout = answerTimeout;
        this.clock = BackendPatience.clock(answerTimeout);
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        UploadIntent intent = UploadIntent.ATTRIBUTE.get(exchange);
        URI target = exchange.getAttribute(GATEWAY_REQUEST_URL_ATTR);
        Route route = exchange.getAttribute(GATEWAY_ROUTE_ATTR);
        if (target == null || route == null || !target.getScheme().startsWith("http")) {
            return chain.filter(exchange);
        }
        if (intent == null) {
            return send(exchange, chain.filter(exchange));
        }
        RequestContext context = RequestContext.of(exchange);
        Admission admission = Admission.of(exchange);
        Resumable resumable = Resumable.ATTRIBUTE.get(exchange);
        UploadMeter meter = meters.meter(exchange);
        if (resumable == null) {
            // What a resumable upload reserves comes with later requests.
            admission.transfer(meter);
        }
        URI decided = resumable == null
                ? Target.of(intent.object(), target, route.getUri())
                : Target.of(resumable, target, route.getUri());
        if (decided == null) {
            try (LogScope scope = context.logging()) {
                log.error(
                        "{} Route {} rewrote the request to another object than the one that was decided on; it is refused",
                        context.requestId(),
                        route.getId());
            }
            return Mono.error(Problem.of(ProblemCode.BUCKET_ACCESS_DENIED).exception());
        }
        if (resumable == null && StorageRoutes.shadow(intent.object(), decided)) {
            return Mono.error(Problem.invalid(
                            "bucket",
                            "Storage reads this bucket's name as one of its own routes",
                            "Use a signed URL for this bucket, or give the bucket another name")
                    .exception());
        }
        exchange.getAttributes().put(GATEWAY_REQUEST_URL_ATTR, decided);
        BackendPatience patience = new BackendPatience(answerTimeout, clock);
        HttpHeaders headers = new HttpHeaders();
        headers.putAll(exchange.getRequest().getHeaders());
        credentials.apply(headers, decided, intent, Caller.ATTRIBUTE.get(exchange), context.requestId());
        ServerWebExchange outgoing = exchange.mutate()
                .request(with(headers, body -> patience.watch(meter.watch(body)), exchange.getRequest()))
                .build();
        return send(outgoing, patience.bound(chain.filter(outgoing)))
                .then(answers.check(outgoing, decided).doOnError(refused -> noEffect(admission, refused)));
    }

    /** From here on the operation may have happened, unless no connection came to be. */
    private static Mono<Void> send(ServerWebExchange exchange, Mono<Void> call) {
        Admission admission = Admission.of(exchange);
        if (!admission.operationMayHaveHappened()) {
            return Mono.error(ClientGone::new);
        }
        return RequestContext.of(exchange)
                .timings()
                .measure(Stage.SUPABASE, call)
                .doOnError(BackendFailure::isBeforeTheRequest, error -> admission.operationDidNotHappen())
                .onErrorMap(BackendFailure::problem);
    }

    /** What storage refused it did not do, but for what it did not finish in time. */
    private static void noEffect(Admission admission, Throwable refused) {
        if (!(refused instanceof ProblemException problem) || problem.problem().status() != 504) {
            admission.operationDidNotHappen();
        }
    }

    private static ServerHttpRequest with(
            HttpHeaders headers, UnaryOperator<Flux<DataBuffer>> watch, ServerHttpRequest request) {
        HttpHeaders changed = HttpHeaders.readOnlyHttpHeaders(headers);
        return new ServerHttpRequestDecorator(request) {
            @Override
            public HttpHeaders getHeaders() {
                return changed;
            }

            @Override
            public Flux<DataBuffer> getBody() {
                return watch.apply(super.getBody());
            }
        };
    }

    @Override
    public int getOrder() {
        return ORDER;
    }

    @Override
    public void close() {
        clock.close();
    }
}
