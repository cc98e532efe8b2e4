package dev.sluice.bench;

import io.lettuce.core.api.sync.RedisCommands;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What scripts have cost a Redis, as its {@code INFO commandstats} counts.
 *
 * @param calls of EVALSHA
 * @param micros they took, what they called included
 */
record RedisCost(long calls, long micros) {

    private static final Pattern SCRIPTS = Pattern.compile("cmdstat_evalsha:calls=(\\d+),usec=(\\d+)");

    static RedisCost soFar(RedisCommands<String, String> redis) {
        Matcher scripts = SCRIPTS.matcher(redis.info("commandstats"));
        return scripts.find()
                ? new RedisCost(Long.parseLong(scripts.group(1)), Long.parseLong(scripts.group(2)))
                : new RedisCost(0, 0);
    }

    RedisCost since(RedisCost earlier) {
        return new RedisCost(calls - earlier.calls, micros - earlier.micros);
    }

    double microsEach() {
        return (double) micros / Math.max(1, calls);
    }
}
