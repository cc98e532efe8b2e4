package dev.sluice.ledger;

import dev.sluice.redis.RedisConnection;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * What filters in shadow mode have counted of a user, for who manages it. Every step fails with a
 * {@code RedisUnavailableException}.
 */
public final class ShadowWindows {

    private final RedisConnection redis;

    ShadowWindows(RedisConnection redis) {
        this.redis = redis;
    }

    /** Forgets what these have counted; completes with how many windows had counted anything. */
    public Mono<Long> reset(String userId, List<ShadowCheck.Rates> candidates) {
        List<String> keys = new ArrayList<>();
        candidates.forEach(candidate -> ShadowArguments.addKeys(keys, userId, candidate));
        String[] each = keys.stream().distinct().toArray(String[]::new);
        return each.length == 0 ? Mono.just(0L) : redis.call(commands -> commands.del(each));
    }
}
