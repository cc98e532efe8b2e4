package dev.sluice.usage;

import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseUnavailableException;
import java.time.Duration;
import java.util.function.DoubleSupplier;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Tries again for as long as a failure is passing: after 2 s, 4 s, 8 s … at most 60 s, each longer by up to a fifth at
 * random, so that instances do not come back all at once. Once told to stop it waits no more and lets the failure through.
 */
final class Backoff extends Retry {

    private static final Logger log = LoggerFactory.getLogger(Backoff.class);
    private static final Duration FIRST = Duration.ofSeconds(2);
    private static final Duration LONGEST = Duration.ofSeconds(60);
    private static final double JITTER = 0.2;

    private final Scheduler scheduler;
    private final DoubleSupplier random;
    private final Runnable onRetry;
    private volatile Sinks.Empty<Void> stopped = Sinks.empty();
    private volatile boolean stopping;

    /**
     * @param random uniform in [0, 1)
     * @param onRetry called before each new attempt
     */
    Backoff(Scheduler scheduler, DoubleSupplier random, Runnable onRetry) {
        this.scheduler = scheduler;
        this.random = random;
        this.onRetry = onRetry;
    }

    /** Whether the same call, or all of several, can succeed later. */
    static boolean isPassing(Throwable error) {
        return Exceptions.unwrapMultiple(error).stream()
                .allMatch(
                        one -> one instanceof DatabaseUnavailableException || one instanceof RedisUnavailableException);
    }

    /** A failed attempt is repeated without waiting. */
    void repeated() {
        onRetry.run();
    }

    /** Waits again, after a stop. */
    void start() {
        stopped = Sinks.empty();
        stopping = false;
    }

    /** Lets what waits now, and every later failure, through. */
    void stop() {
        stopping = true;
        stopped.tryEmitEmpty();
    }

    @Override
    public Publisher<?> generateCompanion(Flux<RetrySignal> failures) {
        return failures.concatMap(
                failure -> isPassing(failure.failure()) && !stopping ? await(failure) : Mono.error(failure.failure()));
    }

    private Mono<Long> await(RetrySignal failure) {
        if (failure.totalRetriesInARow() == 0) {
            log.warn(
                    "Usage events wait for a store and are tried again: {}",
                    failure.failure().toString());
        }
        return Mono.delay(delay(failure.totalRetriesInARow()), scheduler)
                .takeUntilOther(stopped.asMono())
                .switchIfEmpty(Mono.error(failure.failure()))
                .doOnNext(elapsed -> onRetry.run());
    }

    /** @param retries how many there were already */
    Duration delay(long retries) {
        long seconds = Math.min(LONGEST.toSeconds(), FIRST.toSeconds() << Math.min(retries, 10));
        return Duration.ofMillis(
                Math.min(LONGEST.toMillis(), (long) (seconds * 1000 * (1 + JITTER * random.getAsDouble()))));
    }
}
