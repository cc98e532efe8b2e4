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
 * Failed authentications per client network and instance, 60 a minute: past that a failure is told as 429, which says
 * nothing of the credential. Past 60 more, nobody is asked for a key of which nothing is known here. Valid ones are never
 * counted. Bounded; when full it evicts and never fails.
 */
final class FailedAttempts {

    private static final int MAX_ADDRESSES = 10_000;
    private static final int LIMIT = 60;
    private static final Duration WINDOW = Duration.ofMinutes(1);

    /** What is done for an API key from an address. */
    enum Standing {

        /** It is looked up. */
        GOOD,

        /** It is looked up; that it is unknown is remembered in this process only. */
        DOUBTED,

        /** It is not looked up unless it was valid some minutes ago. */
        BARRED
    }

    /** Those that were told as 401, and those beyond that were told as 429, though somebody was asked for them. */
    private record Failures(RollingCounter told, RollingCounter beyond) {}

    private final Cache<String, Failures> failures =
            Caffeine.newBuilder().maximumSize(MAX_ADDRESSES).build();
    private final LongSupplier nanoTime;

    FailedAttempts(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    Standing of(String address) {
        Failures failed = failures.getIfPresent(address);
        if (failed == null || !isSpent(failed.told)) {
            return Standing.GOOD;
        }
        return isSpent(failed.beyond) ? Standing.BARRED : Standing.DOUBTED;
    }

    /** Counts a refused authentication and says how it is told. */
    Throwable count(String address, ProblemException refused) {
        if (refused.problem().code() != ProblemCode.UNAUTHENTICATED) {
            return refused;
        }
        Failures failed = failures.get(
                address,
                unseen -> new Failures(new RollingCounter(WINDOW, nanoTime), new RollingCounter(WINDOW, nanoTime)));
        RollingCounter.Attempt attempt = failed.told.attempt(LIMIT);
        if (attempt.admitted()) {
            return refused;
        }
        failed.beyond.attempt(LIMIT);
        return tooMany(attempt);
    }

    /** What a barred address is told. */
    ProblemException refusal(String address) {
        Failures failed = failures.getIfPresent(address);
        RollingCounter counter = failed == null ? new RollingCounter(WINDOW, nanoTime) : failed.told;
        return tooMany(counter.attempt(LIMIT));
    }

    private static ProblemException tooMany(RollingCounter.Attempt attempt) {
        return Problem.of(ProblemCode.RATE_LIMIT_MEMORY)
                .detail("Too many failed authentications from this address")
                .with("limit", LIMIT)
                .with("remaining", 0)
                .with("resetIn", attempt.resetMillis())
                .retryAfter(Duration.ofNanos(attempt.resetNanos()))
                .exception();
    }

    /** More than the limit is never admitted, so that this counts nothing. */
    private static boolean isSpent(RollingCounter counter) {
        return counter.attempt(LIMIT, LIMIT + 1).remaining() == 0;
    }
}
