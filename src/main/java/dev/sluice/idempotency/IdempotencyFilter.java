package dev.sluice.idempotency;

import dev.sluice.admission.Admission;
import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.exchange.SortableIds;
import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.idempotency.IdempotencyRecords.Beginning;
import dev.sluice.idempotency.IdempotencyRecords.Claim;
import dev.sluice.intent.UnreadBody;
import dev.sluice.intent.UploadBatch;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.redis.RedisUnavailableException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpMethod;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/** Looks a key up when it is known who asks and for what, before anything is decided or charged. */
final class IdempotencyFilter implements GlobalFilter, Ordered {

    /** After the route's own filters (from 1) and what refuses unfit requests (8900); before the admission (9000). */
    static final int ORDER = 8950;

    private static final Logger log = LoggerFactory.getLogger(IdempotencyFilter.class);
    private static final Duration ASK_AGAIN = Duration.ofMillis(100);

    private final IdempotencyRecords records;
    private final Duration wait;
    private final MeterRegistry metrics;

    /** @param wait how long a second request waits for the end of the first */
    IdempotencyFilter(IdempotencyRecords records, Duration wait, MeterRegistry metrics) {
        this.records = records;
        this.wait = wait;
        this.metrics = metrics;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Caller caller = Caller.ATTRIBUTE.get(exchange);
        if (caller == null
                || isVerifiedByStorage(caller)
                || !asksForSomething(exchange)
                || Recording.ATTRIBUTE.get(exchange) != null) {
            return chain.filter(exchange);
        }
        String key = IdempotencyKey.of(exchange.getRequest().getHeaders());
        if (key == null) {
            return chain.filter(exchange);
        }
        Claim claim = new Claim(
                Fingerprint.ofKey(caller.userId(), key),
                RequestContext.of(exchange).requestId(),
                Fingerprint.of(exchange),
                SortableIds.next().toString());
        return begin(exchange, claim)
                .flatMap(beginning -> beginning
                        .map(known -> carryOn(exchange, chain, claim, known))
                        .orElseGet(() -> chain.filter(exchange)));
    }

    /** Their credential may be forged, or shared by many: only storage's answer to themselves is theirs. */
    private static boolean isVerifiedByStorage(Caller caller) {
        return caller.asSent() && caller.accessToken() == null;
    }

    /** All of which must be known: two requests that differ are never taken for one. */
    private static boolean asksForSomething(ServerWebExchange exchange) {
        return HttpMethod.POST.equals(exchange.getRequest().getMethod())
                && UnreadBody.ATTRIBUTE.get(exchange) == null
                && (UploadIntent.ATTRIBUTE.get(exchange) != null || UploadBatch.ATTRIBUTE.get(exchange) != null);
    }

    /** Empty if Redis cannot say: then the request is served as one without a key. */
    private Mono<Optional<Beginning>> begin(ServerWebExchange exchange, Claim claim) {
        return ask(claim, RequestContext.of(exchange).timings(), wait.dividedBy(ASK_AGAIN))
                .map(Optional::of)
                .onErrorResume(RedisUnavailableException.class, error -> {
                    count("unavailable");
                    log.debug("A request is served as if it had no Idempotency-Key: {}", error.toString());
                    return Mono.just(Optional.empty());
                });
    }

    /** @param more how often it may be asked again while another attempt is under way */
    private Mono<Beginning> ask(Claim claim, Timings timings, long more) {
        return timings.measure(Stage.REDIS, records.begin(claim))
                .flatMap(beginning -> beginning instanceof Beginning.Busy && more > 0
                        ? Mono.delay(ASK_AGAIN).then(Mono.defer(() -> ask(claim, timings, more - 1)))
                        : Mono.just(beginning));
    }

    private Mono<Void> carryOn(ServerWebExchange exchange, GatewayFilterChain chain, Claim claim, Beginning beginning) {
        if (beginning instanceof Beginning.Held held) {
            count(held.first() ? "first" : "repeated");
            Admission.of(exchange)
                    .chargeUnder(
                            held.eventId(),
                            held.first(),
                            records.ttl(),
                            hadNoEffect -> failed(claim, held, hadNoEffect));
            Recording.ATTRIBUTE.set(exchange, new Recording(records, claim));
            return whileHeld(claim, chain.filter(exchange));
        }
        if (beginning instanceof Beginning.Answered answered) {
            count("replayed");
            return answered.answer().writeTo(exchange.getResponse());
        }
        if (beginning instanceof Beginning.Busy) {
            count("busy");
            return Mono.error(Problem.of(ProblemCode.TOO_MANY_IN_FLIGHT)
                    .detail("A request with this Idempotency-Key is still under way")
                    .with("limit", 1)
                    .with("unit", "uploads")
                    .retryAfter(wait)
                    .exception());
        }
        count("conflict");
        return Mono.error(Problem.of(ProblemCode.IDEMPOTENCY_CONFLICT)
                .detail("This Idempotency-Key was used for another request")
                .exception());
    }

    /**
     * Completes with whether the charge may be given back: only if no later attempt can use it any more, and no earlier one
     * lives on it.
     */
    private Mono<Boolean> failed(Claim claim, Beginning.Held held, boolean hadNoEffect) {
        Mono<Boolean> end = held.first() && hadNoEffect
                ? records.forget(claim)
                : records.release(claim).thenReturn(false);
        return end.onErrorResume(RedisUnavailableException.class, error -> {
            log.warn("The charge of a failed request is kept for its repetition: {}", error.toString());
            return Mono.just(false);
        });
    }

    /** Renews the lease for as long as the request takes. */
    private Mono<Void> whileHeld(Claim claim, Mono<Void> request) {
        Sinks.Empty<Void> ended = Sinks.empty();
        Mono<Void> renewals = Flux.interval(IdempotencyRecords.LEASE.dividedBy(3))
                .onBackpressureDrop()
                .concatMap(tick -> records.renew(claim).onErrorReturn(false), 1)
                .takeUntilOther(ended.asMono())
                .then();
        return Mono.when(request.doFinally(signal -> ended.tryEmitEmpty()), renewals);
    }

    private void count(String outcome) {
        Counter.builder("sluice.idempotency")
                .description("Requests with an Idempotency-Key")
                .tag("outcome", outcome)
                .register(metrics)
                .increment();
    }

    @Override
    public int getOrder() {
        return ORDER;
    }
}
