package dev.sluice.admission;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** The last bucket verdicts that this instance saw, for the time when neither Redis nor the database answers. */
public final class LastVerdicts {

    private static final Duration KEPT = Duration.ofMinutes(15);
    private static final long MOST = 100_000;

    private final Cache<Key, Boolean> verdicts =
            Caffeine.newBuilder().maximumSize(MOST).expireAfterWrite(KEPT).build();

    void saw(String userId, String bucket, Access access, boolean granted) {
        verdicts.put(new Key(userId, bucket, access), granted);
    }

    /** The verdict last seen, at most 15 minutes ago; null if none was. */
    @Nullable Boolean last(String userId, String bucket, Access access) {
        return verdicts.getIfPresent(new Key(userId, bucket, access));
    }

    /** Forgets what was seen of a user. */
    public void forget(String userId) {
        verdicts.asMap().keySet().removeIf(key -> key.userId().equals(userId));
    }

    private record Key(String userId, String bucket, Access access) {}
}
