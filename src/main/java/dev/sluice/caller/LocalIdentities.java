package dev.sluice.caller;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The identities that this process remembers, by the key's hash. Known and unknown keys are kept apart, so that guessing
 * keys cannot push out those in use; so is the last word on each known key, for when nobody can be asked.
 */
final class LocalIdentities {

    private static final int MAX_ENTRIES = 10_000;
    private static final Duration LAST_KNOWN = Duration.ofMinutes(15);

    /** Longer than another instance's write of an identity may be on its way to Redis. */
    private static final Duration LATE = Duration.ofSeconds(15);

    /** No user's id. */
    private static final String EVERYBODY = "";

    private final LongSupplier nanoTime;
    private final Cache<String, Identity> known;
    private final Cache<String, Identity> unknown;
    private final Cache<String, Identity> lastKnown;
    private final Cache<String, Boolean> forgottenUsers;
    private final AtomicLong forgotten = new AtomicLong();

    LocalIdentities(Duration ttl, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.known = cache(ttl);
        this.unknown = cache(ttl);
        this.lastKnown = cache(LAST_KNOWN);
        this.forgottenUsers = Caffeine.newBuilder()
                .maximumSize(MAX_ENTRIES)
                .ticker(nanoTime::getAsLong)
                .expireAfterWrite(ttl.plus(LATE))
                .build();
    }

    private Cache<String, Identity> cache(Duration life) {
        return Caffeine.newBuilder()
                .maximumSize(MAX_ENTRIES)
                .ticker(nanoTime::getAsLong)
                .expireAfter(Expiry.<String, Identity>writing((hash, identity) -> {
                    Duration left = life.minusNanos(nanoTime.getAsLong() - identity.askedNanos());
                    return left.isNegative() ? Duration.ZERO : left;
                }))
                .build();
    }

    /** What is known of the key and not too old; null if it has to be asked. */
    @Nullable Identity get(String hash) {
        Identity identity = known.getIfPresent(hash);
        return identity != null ? identity : unknown.getIfPresent(hash);
    }

    /** What was last known of the key, up to 15 minutes ago; null if nothing. */
    @Nullable Identity lastKnown(String hash) {
        return lastKnown.getIfPresent(hash);
    }

    /** Raised by all that forgets: what was asked before it must not be stored after it. */
    long generation() {
        return forgotten.get();
    }

    /** Stores what was asked in {@code generation}; nothing if that has passed. */
    void put(String hash, Identity identity, long generation) {
        if (identity.caller() == null) {
            known.invalidate(hash);
            lastKnown.invalidate(hash);
            unknown.put(hash, identity);
        } else {
            unknown.invalidate(hash);
            known.put(hash, identity);
            lastKnown.put(hash, identity);
        }
        if (generation != forgotten.get()) {
            drop(hash);
        }
    }

    /** Whether what Redis holds may be used: for a while it may be older than what was forgotten of its user. */
    boolean believes(Identity shared) {
        Caller caller = shared.caller();
        return caller == null
                || (forgottenUsers.getIfPresent(caller.userId()) == null
                        && forgottenUsers.getIfPresent(EVERYBODY) == null);
    }

    /** Forgets the user's keys as far as this process knows them, and answers their hashes. */
    Set<String> forgetUser(String userId) {
        forgottenUsers.put(userId, true);
        forgotten.incrementAndGet();
        Set<String> hashes = hashesOf(userId);
        hashes.forEach(this::drop);
        return hashes;
    }

    /** Forgets everybody's keys. */
    void forgetAll() {
        forgottenUsers.put(EVERYBODY, true);
        forgotten.incrementAndGet();
        known.invalidateAll();
        lastKnown.invalidateAll();
    }

    private Set<String> hashesOf(String userId) {
        Predicate<Identity> theirs = identity ->
                userId.equals(Objects.requireNonNull(identity.caller()).userId());
        return Stream.concat(known.asMap().entrySet().stream(), lastKnown.asMap().entrySet().stream())
                .filter(entry -> theirs.test(entry.getValue()))
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
    }

    void forget(Set<String> hashes) {
        forgotten.incrementAndGet();
        hashes.forEach(this::drop);
    }

    private void drop(String hash) {
        known.invalidate(hash);
        unknown.invalidate(hash);
        lastKnown.invalidate(hash);
    }
}
