package dev.sluice.management;

import dev.sluice.admission.LastVerdicts;
import dev.sluice.caller.ApiKeys;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.reconcile.KeyScan;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import io.lettuce.core.XAddArgs;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What is remembered of a user and can be forgotten: whose the keys are, and the verdicts on the buckets, in Redis and in
 * the memory of every instance. The others are told by a log in Redis that each of them reads from where it was, so that
 * one which could not reach Redis learns of it as soon as it can; docs/decisions/0007 says why, and what an answer that is
 * on its way meanwhile can no longer do.
 */
final class UserCache {

    /** How long another instance may still use what it remembers, while it reaches Redis. */
    static final Duration EVERY = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(UserCache.class);
    private static final String LOG = "sluice:usercache";
    private static final String USER = "user";

    /** Entries; an instance that has missed more forgets everybody. */
    private static final long KEPT = 1000;

    private final ApiKeys keys;
    private final LastVerdicts lastVerdicts;
    private final Fences fences;
    private final Ledger ledger;
    private final KeyScan scan;
    private final RedisConnection redis;
    private volatile @Nullable String position;

    UserCache(
            ApiKeys keys,
            LastVerdicts lastVerdicts,
            Fences fences,
            Ledger ledger,
            KeyScan scan,
            RedisConnection redis) {
        this.keys = keys;
        this.lastVerdicts = lastVerdicts;
        this.fences = fences;
        this.ledger = ledger;
        this.scan = scan;
        this.redis = redis;
    }

    /**
     * Forgets a user here and in Redis and tells the others; completes with the verdicts that were removed from Redis. Fails
     * with a {@code RedisUnavailableException}; then only this instance has forgotten for sure.
     */
    Mono<Long> forget(String userId) {
        return forgetHere(userId)
                .then(Mono.defer(() -> {
                    int partition = KeySpace.partition(userId);
                    fences.mark(partition);
                    return ledger.fence(partition);
                }))
                .then(removeVerdicts(userId))
                .flatMap(removed -> tell(userId).then(forgetHere(userId)).thenReturn(removed));
    }

    private Mono<Void> forgetHere(String userId) {
        return Mono.defer(() -> {
            lastVerdicts.forget(userId);
            return keys.forgetUser(userId);
        });
    }

    /** An id is percent-encoded in keys, so that none is a pattern. */
    private Mono<Long> removeVerdicts(String userId) {
        String prefix = KeySpace.bucket(userId, "", 'r');
        String pattern = prefix.substring(0, prefix.length() - ":r".length()) + "*";
        return scan.keys(pattern)
                .distinct()
                .concatMap(key -> redis.call(commands -> commands.del(key)))
                .reduce(0L, Long::sum);
    }

    private Mono<Void> tell(String userId) {
        return redis.call(commands -> commands.xadd(LOG, XAddArgs.Builder.maxlen(KEPT), Map.of(USER, userId)))
                .then();
    }

    /** Forgets whom the log names since the last time; all that it names, the first time. Never fails. */
    Mono<Void> follow() {
        return Mono.defer(() -> {
                    String last = position;
                    Range<String> since = last == null
                            ? Range.unbounded()
                            : Range.from(Range.Boundary.including(last), Range.Boundary.unbounded());
                    return redis.call(commands -> commands.xrange(LOG, since))
                            .flatMap(entries -> follow(last, entries));
                })
                .onErrorResume(error -> {
                    log.debug("Who was to be forgotten is asked again: {}", error.toString());
                    return Mono.empty();
                });
    }

    private Mono<Void> follow(@Nullable String last, List<StreamMessage<String, String>> entries) {
        if (last != null && (entries.isEmpty() || !entries.get(0).getId().equals(last))) {
            log.warn("Redis has lost who was to be forgotten: everybody's identity and bucket verdicts are");
            lastVerdicts.forgetAll();
            keys.forgetAll();
        }
        return Flux.fromIterable(entries)
                .filter(entry -> !entry.getId().equals(last))
                .concatMap(entry ->
                        forgetHere(String.valueOf(entry.getBody().get(USER))).onErrorComplete())
                .then(Mono.fromRunnable(() -> position = entries.isEmpty()
                        ? null
                        : entries.get(entries.size() - 1).getId()));
    }
}
