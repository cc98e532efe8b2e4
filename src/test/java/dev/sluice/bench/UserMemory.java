package dev.sluice.bench;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Redis;
import io.lettuce.core.api.sync.RedisCommands;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * What Redis says that the keys of one user take (MEMORY USAGE), in bytes: the mean of some users, without the shares of the
 * tables that hold all keys.
 *
 * @param windowIfFull the rate window, were each of its buckets used
 * @param verdicts on one bucket, reading and writing
 */
record UserMemory(double identity, double ledger, double window, double windowIfFull, double verdicts) {

    private static final int SAMPLED = 100;

    /** The current bucket and 20 before, see window-function.lua. */
    private static final int BUCKETS = 21;

    private static final String OPERATION = "signed-url";
    private static final String BUCKET = "avatars";

    static UserMemory sample(Redis redis, Keys keys, int users, int windowSeconds) {
        RedisCommands<String, String> client = redis.client();
        List<UserMemory> samples = IntStream.range(users / 2, users)
                .mapToObj(keys::hash)
                .flatMap(hash -> of(client, hash, windowSeconds).stream())
                .limit(SAMPLED)
                .toList();
        return new UserMemory(
                mean(samples, UserMemory::identity),
                mean(samples, UserMemory::ledger),
                mean(samples, UserMemory::window),
                mean(samples, UserMemory::windowIfFull),
                mean(samples, UserMemory::verdicts));
    }

    /** Empty if a key is missing: what Redis was too slow for is not remembered. */
    private static Optional<UserMemory> of(RedisCommands<String, String> redis, String hash, int windowSeconds) {
        String user = StandInState.user(hash);
        String window = KeySpace.rate(user, OPERATION, windowSeconds);
        List<Long> bytes = Stream.of(
                        KeySpace.apiKey(hash),
                        KeySpace.quota(user),
                        window,
                        KeySpace.bucket(user, BUCKET, 'r'),
                        KeySpace.bucket(user, BUCKET, 'w'))
                .map(redis::memoryUsage)
                .filter(Objects::nonNull)
                .toList();
        return bytes.size() < 5
                ? Optional.empty()
                : Optional.of(new UserMemory(
                        bytes.get(0), bytes.get(1), bytes.get(2), full(redis, window), bytes.get(3) + bytes.get(4)));
    }

    private static double mean(List<UserMemory> samples, ToDoubleFunction<UserMemory> kind) {
        return samples.stream().mapToDouble(kind).average().orElseThrow();
    }

    /** Of a copy whose name is as long. */
    private static double full(RedisCommands<String, String> redis, String window) {
        String copy = "x" + window.substring(1);
        long newest =
                redis.hkeys(window).stream().mapToLong(Long::parseLong).max().orElseThrow();
        String count = redis.hget(window, Long.toString(newest));
        Map<String, String> buckets = new HashMap<>(redis.hgetall(window));
        for (int i = 0; i < BUCKETS; i++) {
            buckets.put(Long.toString(newest - i), count);
        }
        redis.hset(copy, buckets);
        double bytes = redis.memoryUsage(copy);
        redis.del(copy);
        return bytes;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "Of one user, by MEMORY USAGE: identity %.0f, ledger %.0f, rate window %.0f (%.0f with all its buckets),"
                        + " verdicts on one bucket %.0f%n",
                identity,
                ledger,
                window,
                windowIfFull,
                verdicts);
    }
}
