package dev.sluice.management;

import dev.sluice.admission.LastVerdicts;
import dev.sluice.caller.ApiKeys;
import dev.sluice.reconcile.KeyScan;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import reactor.core.publisher.Mono;

/**
 * {@code usercache/{userId}}: DELETE forgets who the user's keys belong to, as far as this instance knows them, and every
 * verdict on the user's buckets, here and in Redis. What other instances remember in their own memory ends by itself:
 * identities within {@code sluice.identity.cache-ttl}; verdicts are used from memory in an outage only.
 */
final class UserCacheEndpoint {

    /** @param verdicts that were removed from Redis */
    private record Forgotten(long verdicts) {}

    private final ApiKeys keys;
    private final LastVerdicts lastVerdicts;
    private final KeyScan scan;
    private final RedisConnection redis;

    UserCacheEndpoint(ApiKeys keys, LastVerdicts lastVerdicts, KeyScan scan, RedisConnection redis) {
        this.keys = keys;
        this.lastVerdicts = lastVerdicts;
        this.scan = scan;
        this.redis = redis;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route()
                .DELETE(basePath + "/usercache/{userId}", this::forget)
                .build();
    }

    private Mono<ServerResponse> forget(ServerRequest request) {
        String userId = request.pathVariable("userId");
        lastVerdicts.forget(userId);
        return keys.forgetUser(userId)
                .then(verdicts(userId))
                .doOnNext(forgotten -> lastVerdicts.forget(userId))
                .onErrorMap(Unavailable::redis)
                .flatMap(forgotten -> ServerResponse.ok().bodyValue(new Forgotten(forgotten)));
    }

    /** An id is percent-encoded in keys, so that none is a pattern. */
    private Mono<Long> verdicts(String userId) {
        String prefix = KeySpace.bucket(userId, "", 'r');
        String pattern = prefix.substring(0, prefix.length() - ":r".length()) + "*";
        return scan.keys(pattern)
                .distinct()
                .concatMap(key -> redis.call(commands -> commands.del(key)))
                .reduce(0L, Long::sum);
    }
}
