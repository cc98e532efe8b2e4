package dev.sluice.peers;

import io.lettuce.core.RedisClient;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.async.RedisAsyncCommands;
import java.nio.charset.StandardCharsets;
import reactor.core.publisher.Mono;

/** One decision in Redis, as small as one can be: a count per caller, by the cheapest call that Lettuce has. */
final class Counter {

    /** 300 bytes, as long as a short answer of Sluice's. */
    static final byte[] ANSWER =
            ("{\"success\":true,\"padding\":\"" + "x".repeat(300 - 29) + "\"}").getBytes(StandardCharsets.UTF_8);

    static final String CALLER = "X-API-Key";

    private static final String SCRIPT =
            "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n";

    private final RedisAsyncCommands<String, String> redis;
    private final String sha1;

    private Counter(RedisAsyncCommands<String, String> redis, String sha1) {
        this.redis = redis;
        this.sha1 = sha1;
    }

    static Counter connect(String redisUri) {
        RedisAsyncCommands<String, String> redis =
                RedisClient.create(redisUri).connect().async();
        return new Counter(redis, redis.scriptLoad(SCRIPT).toCompletableFuture().join());
    }

    Mono<Long> count(String caller) {
        return Mono.fromCompletionStage(
                () -> redis.<Long>evalsha(sha1, ScriptOutputType.INTEGER, new String[] {"count:" + caller}, "60000"));
    }
}
