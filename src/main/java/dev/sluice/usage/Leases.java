package dev.sluice.usage;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.Script;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import reactor.core.publisher.Mono;

/**
 * Which partitions this instance works on: partition {@code p} is that of the {@code p mod n}-th of the {@code n} instances
 * that were heard of lately, in the order of their ids.
 *
 * <p>Two instances may believe for a while that a partition is theirs; that costs work, never correctness.
 */
final class Leases {

    /** How often an instance makes itself heard. */
    static final Duration HEARTBEAT = Duration.ofSeconds(2);

    /** After what silence it counts as gone. */
    private static final Duration GONE = Duration.ofSeconds(10);

    private static final Script HEARTBEAT_SCRIPT = Script.load(Leases.class, "heartbeat");
    private static final String WORKERS = "sluice:workers";

    private final RedisConnection redis;
    private final String instance;
    private volatile List<Integer> owned = List.of();

    Leases(RedisConnection redis, String instance) {
        this.redis = redis;
        this.instance = instance;
    }

    /** The partitions of this instance, as of the last heartbeat that was answered. */
    List<Integer> owned() {
        return owned;
    }

    /** Makes this instance heard and learns who else is there. Fails with {@code RedisUnavailableException}. */
    Mono<Void> renew() {
        return redis.eval(HEARTBEAT_SCRIPT, new String[] {WORKERS}, instance, Long.toString(GONE.toMillis()))
                .doOnNext(members ->
                        owned = share(members.stream().map(String::valueOf).toList(), instance))
                .then();
    }

    /** Leaves at once, so that the others need not wait. */
    Mono<Void> leave() {
        owned = List.of();
        return redis.call(commands -> commands.zrem(WORKERS, instance)).then();
    }

    static List<Integer> share(List<String> members, String instance) {
        List<String> sorted = members.stream().sorted().toList();
        int mine = sorted.indexOf(instance);
        return mine < 0
                ? List.of()
                : IntStream.range(0, KeySpace.PARTITIONS)
                        .filter(partition -> partition % sorted.size() == mine)
                        .boxed()
                        .toList();
    }
}
