package dev.sluice.memory;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import java.util.function.LongSupplier;

/** Counts attempts per subject and operation in this process. When full it evicts by W-TinyLFU and never fails. */
final class MemoryGuard {

    /** Plans may give one operation different windows; each has a counter of its own. */
    private record Key(Subject subject, String operation, long windowSeconds) {}

    private final Cache<Key, RollingCounter> counters;
    private final LongSupplier nanoTime;

    MemoryGuard(long maxEntries, LongSupplier nanoTime) {
        this.counters = Caffeine.newBuilder().maximumSize(maxEntries).build();
        this.nanoTime = nanoTime;
    }

    /** Counts so many attempts if all of them are within the rate. */
    RollingCounter.Attempt attempt(Subject subject, String operation, Rate rate, int cost) {
        return counters.get(
                        new Key(subject, operation, rate.windowSeconds()),
                        key -> new RollingCounter(rate.window(), nanoTime))
                .attempt(rate.limit(), cost);
    }

    long entries() {
        counters.cleanUp();
        return counters.estimatedSize();
    }
}
