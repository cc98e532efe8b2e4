package dev.sluice.memory;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.LongSupplier;

/** Counts attempts per subject and operation in this process. When full it evicts by W-TinyLFU and never fails. */
public final class MemoryGuard {

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

    /** What is told to a caller whose attempt was not admitted. */
    public static Problem refusal(Rate rate, RollingCounter.Attempt attempt) {
        ProblemCode code = ProblemCode.RATE_LIMIT_MEMORY;
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("limit", rate.limit());
        fields.put("remaining", Math.toIntExact(attempt.remaining()));
        fields.put("resetIn", attempt.resetMillis());
        return new Problem(code, code.status(), code.title(), fields, Map.of())
                .retryAfter(Duration.ofNanos(attempt.resetNanos()));
    }

    /** What so many attempts of a user would be answered now; nothing is counted. */
    public RollingCounter.Attempt peek(String userId, String operation, Rate rate, long cost) {
        RollingCounter counter =
                counters.getIfPresent(new Key(new Subject.User(userId), operation, rate.windowSeconds()));
        return (counter != null ? counter : new RollingCounter(rate.window(), nanoTime)).peek(rate.limit(), cost);
    }

    /** Forgets what was counted of a user. Walks over all entries: for management, not for requests. */
    public void forget(String userId) {
        Subject user = new Subject.User(userId);
        counters.asMap().keySet().removeIf(key -> key.subject().equals(user));
    }

    long entries() {
        counters.cleanUp();
        return counters.estimatedSize();
    }
}
