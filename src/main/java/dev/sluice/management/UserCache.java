package dev.sluice.management;

import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.management.InstanceMemory.Part;
import dev.sluice.management.Instances.Reached;
import dev.sluice.reconcile.KeyScan;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import reactor.core.publisher.Mono;

/**
 * What is remembered of a user and can be forgotten: whose the keys are, and the verdicts on the buckets, in Redis and in
 * the memory of every instance. docs/decisions/0007 says what an answer that is on its way meanwhile can no longer do.
 */
final class UserCache {

    /** @param verdicts that were removed from Redis */
    record Forgotten(long verdicts, Reached instances) {}

    private final InstanceMemory memory;
    private final Broadcast broadcast;
    private final Fences fences;
    private final Ledger ledger;
    private final KeyScan scan;
    private final RedisConnection redis;

    UserCache(
            InstanceMemory memory,
            Broadcast broadcast,
            Fences fences,
            Ledger ledger,
            KeyScan scan,
            RedisConnection redis) {
        this.memory = memory;
        this.broadcast = broadcast;
        this.fences = fences;
        this.ledger = ledger;
        this.scan = scan;
        this.redis = redis;
    }

    /**
     * Forgets a user here and in Redis and tells the others. Fails with a {@code RedisUnavailableException}; then only this
     * instance has forgotten for sure.
     */
    Mono<Forgotten> forget(String userId) {
        return memory.forget(Part.CACHE, userId)
                .then(Mono.defer(() -> {
                    int partition = KeySpace.partition(userId);
                    fences.mark(partition);
                    return ledger.fence(partition);
                }))
                .then(removeVerdicts(userId))
                .flatMap(removed -> broadcast.tell(Part.CACHE, userId).map(reached -> new Forgotten(removed, reached)));
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
}
