package dev.sluice.admission;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** The last bucket verdicts that this instance saw, for the time when neither Redis nor the database answers. */
public final class LastVerdicts {

    /** How long a verdict is remembered at most. */
    public static final Duration KEPT = Duration.ofMinutes(15);

    private static final long MOST = 100_000;

    private final Cache<Key, Boolean> verdicts =
            Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(KEPT).build();
    private final AtomicLong forgotten = new AtomicLong();

    /** Raised by each {@link #forget}: what was asked before it must not be remembered after it. */
    long generation() {
        return forgotten.get();
    }

    /** Remembers what was asked in {@code generation}; nothing if that has passed. */
    void saw(String userId, String bucket, Access access, boolean granted, long generation) {
        Key key = new Key(userId, bucket, access);
        verdicts.put(key, granted);
        if (generation != forgotten.get()) {
            verdicts.invalidate(key);
        }
    }

    /** The verdict last seen, at most 15 minutes ago; null if none was. */
    @Nullable Boolean last(String userId, String bucket, Access access) {
        return verdicts.getIfPresent(new Key(userId, bucket, access));
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

    private record Key(String userId, String bucket, Access access) {}
}
