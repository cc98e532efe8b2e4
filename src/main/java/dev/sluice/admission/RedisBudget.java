package dev.sluice.admission;

import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.redis.RedisUnavailableException;
import java.time.Duration;
import reactor.core.publisher.Mono;

/** The time that one request may spend on Redis, over all of its calls. */
final class RedisBudget {

    private static final String USED_UP = "The request's Redis budget is used up";

    private final Duration budget;

    /** @param budget also the connection's own timeout of one command */
    RedisBudget(Duration budget) {
        this.budget = budget;
    }

    /** Makes the call if time is left for it, and ends it when none is; a first call is held by the connection itself. */
    <T> Mono<T> within(Timings timings, Mono<T> call) {
        return Mono.defer(() -> {
            long spent = timings.spentNanos(Stage.REDIS);
            Mono<T> measured = timings.measure(Stage.REDIS, call);
            if (spent == 0) {
                return measured;
            }
            Duration left = left(timings);
            return left.isZero() ? notAsked() : measured.timeout(left, late());
        });
    }

    /** What is left for further calls; zero if nothing is. */
    Duration left(Timings timings) {
        Duration left = budget.minusNanos(timings.spentNanos(Stage.REDIS));
        return left.isNegative() ? Duration.ZERO : left;
    }

    /** The whole of it, for a call that no request waits for. */
    Duration whole() {
        return budget;
    }

    private static <T> Mono<T> late() {
        return Mono.error(() -> RedisUnavailableException.notAwaited(USED_UP));
    }

    private static <T> Mono<T> notAsked() {
        return Mono.error(() -> RedisUnavailableException.notAsked(USED_UP, null));
    }
}
