package dev.sluice.caller;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.operation.RollingCounter;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Failed authentications per client address and instance, 60 a minute: past that a failure is told as 429, which says
 * nothing of the credential. Valid ones are never counted. Bounded; when full it evicts and never fails.
 */
final class FailedAttempts {

    private static final int MAX_ADDRESSES = 10_000;
    private static final int LIMIT = 60;
    private static final Duration WINDOW = Duration.ofMinutes(1);

    private final Cache<String, RollingCounter> counters =
            Caffeine.newBuilder().maximumSize(MAX_ADDRESSES).build();
    private final LongSupplier nanoTime;

    FailedAttempts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Counts a refused authentication and says how it is told. */
    Throwable count(String address, ProblemException refused) {
        if (refused.problem().code() != ProblemCode.UNAUTHENTICATED) {
            return refused;
        }
        RollingCounter.Attempt attempt = counters.get(address, unseen -> new RollingCounter(WINDOW, nanoTime))
                .attempt(LIMIT);
        return attempt.admitted()
                ? refused
                : Problem.of(ProblemCode.RATE_LIMIT_MEMORY)
                        .detail("Too many failed authentications from this address")
                        .with("limit", LIMIT)
                        .with("remaining", 0)
                        .with("resetIn", attempt.resetMillis())
                        .retryAfter(Duration.ofNanos(attempt.resetNanos()))
                        .exception();
    }
}
