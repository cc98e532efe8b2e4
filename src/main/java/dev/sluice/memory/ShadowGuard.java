package dev.sluice.memory;

import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import java.util.function.LongSupplier;

/**
 * What filters in shadow mode count, so that they take no place from those that hold. Each candidate counts what it would have
 * let pass.
 */
public final class ShadowGuard {

    private final MemoryGuard counters;

    ShadowGuard(long maxEntries, LongSupplier nanoTime) {
        this.counters = new MemoryGuard(maxEntries, nanoTime);
    }

    /** Counts so many attempts if all of them are within the rate. */
    RollingCounter.Attempt attempt(Subject subject, String operation, Rate rate, int cost) {
        return counters.attempt(subject, candidate(operation, rate), rate, cost);
    }

    /** What so many attempts of a user would be answered now; nothing is counted. */
    public RollingCounter.Attempt peek(String userId, String operation, Rate rate, long cost) {
        return counters.peek(userId, candidate(operation, rate), rate, cost);
    }

    /** Forgets what was counted of a user, as {@link MemoryGuard#forget} does. */
    public void forget(String userId) {
        counters.forget(userId);
    }

    long entries() {
        return counters.entries();
    }

    private static String candidate(String operation, Rate rate) {
        return operation + ":" + rate.limit();
    }
}
