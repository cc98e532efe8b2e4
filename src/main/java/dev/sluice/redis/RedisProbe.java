package dev.sluice.redis;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * Finds out whether Redis answers again while its circuit is open, so that no request has to: a circuit that lets requests
 * try costs each of them a timeout for as long as Redis hangs.
 */
final class RedisProbe {

    static final Duration EVERY = Duration.ofMillis(500);

    private final RedisConnection redis;
    private final CircuitBreaker circuit;

    RedisProbe(RedisConnection redis, CircuitBreaker circuit) {
        this.redis = redis;
        this.circuit = circuit;
    }

    /** Never fails. */
    Mono<Void> closeIfAnswered() {
        return circuit.getState() == State.CLOSED
                ? Mono.empty()
                : redis.ping()
                        .doOnNext(answer -> circuit.transitionToClosedState())
                        .onErrorComplete()
                        .then();
    }
}
