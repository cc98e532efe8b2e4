package dev.sluice.admission;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The last bucket verdicts that this instance saw, for the time when neither Redis nor the database answers. */
public final class LastVerdicts {

    /** How long a verdict is remembered at most. */
    public static final Duration KEPT = Duration.ofMinutes(15);

    private static final long MOST = 100_000;

    /** A verdict that is seen again so soon is not written again: a cache's writes cost more than its reads. */
    private static final long FRESH_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Cache<Key, Verdict> verdicts =
            Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(KEPT).build();
    private final AtomicLong forgotten = new AtomicLong();

    /** Raised by each {@link #forget}: what was asked before it must not be remembered after it. */
    long generation() {
        return forgotten.get();
    }

    /** Remembers what was asked in {@code generation}; nothing if that has passed. */
    void saw(String userId, String bucket, Access access, boolean granted, long generation) {
        Key key = new Key(userId, bucket, access);
        Verdict known = verdicts.getIfPresent(key);
        long now = System.nanoTime();
        if (known != null && known.granted() == granted && now - known.sinceNanos() < FRESH_NANOS) {
            return;
        }
        verdicts.put(key, new Verdict(granted, now));
        if (generation != forgotten.get()) {
            verdicts.invalidate(key);
        }
    }

    /** The verdict last seen, at most 15 minutes ago; null if none was. */
    @Nullable Boolean last(String userId, String bucket, Access access) {
        Verdict known = verdicts.getIfPresent(new Key(userId, bucket, access));
        return known == null ? null : known.granted();
    }

    /** Forgets what was seen of a user. */
    public void forget(String userId) {
        forgotten.incrementAndGet();
        verdicts.asMap().keySet().removeIf(key -> key.userId().equals(userId));
    }

    /** Forgets what was seen of everybody. */
    public void forgetAll() {
        forgotten.incrementAndGet();
        verdicts.invalidateAll();
    }

    private record Verdict(boolean granted, long sinceNanos) {}

    private record Key(String userId, String bucket, Access access) {}
}
