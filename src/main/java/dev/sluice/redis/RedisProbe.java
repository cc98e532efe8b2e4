package dev.sluice.redis;

import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Finds out whether Redis answers again while its circuit is open, so that no request has to: a circuit that lets requests
 * try costs each of them a timeout for as long as Redis hangs.
 */
final class RedisProbe implements SmartLifecycle {

    private static final Duration EVERY = Duration.ofMillis(500);

    private final RedisConnection redis;
    private final CircuitBreaker circuit;
    private volatile @Nullable Disposable running;

    RedisProbe(RedisConnection redis, CircuitBreaker circuit) {
        this.redis = redis;
        this.circuit = circuit;
    }

    @Override
    public void start() {
        running = Flux.interval(EVERY)
                .onBackpressureDrop()
                .concatMap(tick -> closeIfAnswered(), 1)
                .subscribe();
    }

    private Mono<Void> closeIfAnswered() {
        return circuit.getState() == State.CLOSED
                ? Mono.empty()
                : redis.ping()
                        .doOnNext(answer -> circuit.transitionToClosedState())
                        .onErrorComplete()
                        .then();
    }

    @Override
    public void stop() {
        Disposable current = running;
        running = null;
        if (current != null) {
            current.dispose();
        }
    }

    @Override
    public boolean isRunning() {
        return running != null;
    }
}
