package dev.sluice.memory;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What Redis refused a moment ago, so that asking again costs no call. Only refusals are remembered, never an admission:
 * forgetting one (it is bounded and evicts) costs a call and changes no decision.
 *
 * <p>A rate limit's refusal may be kept until its reset, since nothing but time lifts it; a quota's only briefly, since a
 * refund or an administrator may.
 */
public final class RefusalMemory {

    /**
     * A refusal as it is told to the caller.
     *
     * @param current what was counted or used
     * @param limit what is allowed
     * @param resetIn until it may be lifted; null if time does not lift it
     */
    public record Refusal(
            long current, long limit, @Nullable Duration resetIn) {}

    private record Key(String userId, String claim) {}

    /** @param keepNanos how long the refusal is remembered */
    private record Kept(Refusal refusal, long sinceNanos, long keepNanos) {}

    /** Longer than a request is on its way to Redis and back. */
    private static final Duration UNDER_WAY = Duration.ofSeconds(5);

    private final Cache<Key, Kept> refusals;

    /** Whose refusals may be on their way still, though they were lifted. */
    private final Cache<String, Boolean> forgotten;

    private final LongSupplier nanoTime;

    /**
     * @param maxEntries refusals kept
     * @param nanoTime a clock in nanoseconds, {@link System#nanoTime()} outside of tests
     */
    public RefusalMemory(long maxEntries, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.refusals = Caffeine.newBuilder()
                .maximumSize(maxEntries)
                .ticker(nanoTime::getAsLong)
                .expireAfter(Expiry.<Key, Kept>writing((key, kept) -> Duration.ofNanos(kept.keepNanos())))
                .build();
        this.forgotten = Caffeine.newBuilder()
                .maximumSize(maxEntries)
                .ticker(nanoTime::getAsLong)
                .expireAfterWrite(UNDER_WAY)
                .build();
    }

    /**
     * Remembers a refusal; a later one of the same claim replaces it.
     *
     * @param claim names what was refused and under which limit, such as {@code rate:signed-url:200/60s}, so that a
     *     changed limit is asked anew
     * @param keep how long it holds; nothing is remembered if that is not positive, or the user was just forgotten
     */
    public void remember(String userId, String claim, Refusal refusal, Duration keep) {
        if (keep.isNegative() || keep.isZero() || forgotten.getIfPresent(userId) != null) {
            return;
        }
        Key key = new Key(userId, claim);
        refusals.put(key, new Kept(refusal, nanoTime.getAsLong(), keep.toNanos()));
        if (forgotten.getIfPresent(userId) != null) {
            refusals.invalidate(key);
        }
    }

    /** The refusal if it still holds, with {@code resetIn} as it is now; null if there is none. */
    public @Nullable Refusal lookup(String userId, String claim) {
        Kept kept = refusals.getIfPresent(new Key(userId, claim));
        if (kept == null) {
            return null;
        }
        Duration resetIn = kept.refusal().resetIn();
        if (resetIn == null) {
            return kept.refusal();
        }
        Duration left = resetIn.minusNanos(Math.max(0, nanoTime.getAsLong() - kept.sinceNanos()));
        return new Refusal(kept.refusal().current(), kept.refusal().limit(), left.isNegative() ? Duration.ZERO : left);
    }

    /** The refusals of a user that still hold, by claim. Walks over all entries, as {@link #forget} does. */
    public Map<String, Refusal> of(String userId) {
        Map<String, Refusal> found = new TreeMap<>();
        for (Key key : refusals.asMap().keySet()) {
            Refusal refusal = key.userId().equals(userId) ? lookup(userId, key.claim()) : null;
            if (refusal != null) {
                found.put(key.claim(), refusal);
            }
        }
        return found;
    }

    /**
     * Forgets all refusals of a user, and those that are on their way: for the next 5 s none is remembered. Walks over all
     * entries: for management, not for requests.
     */
    public void forget(String userId) {
        forgotten.put(userId, true);
        refusals.asMap().keySet().removeIf(key -> key.userId().equals(userId));
    }
}
