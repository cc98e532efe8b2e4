package dev.sluice.reconcile;

import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.RedisUnavailableException;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.models.partitions.RedisClusterNode;
import java.time.Duration;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Finds keys by SCAN, some at a time, on every master of a Cluster. A key may come more than once; one that moves to another
 * master meanwhile may be left for the next time.
 */
public final class KeyScan {

    private static final long KEYS_PER_STEP = 1000;
    private static final Duration STEP_TIMEOUT = Duration.ofSeconds(5);

    private final RedisConnection redis;

    KeyScan(RedisConnection redis) {
        this.redis = redis;
    }

    /**
     * All keys that match. Fails with {@link RedisUnavailableException}; what one node cannot answer is told after the
     * others' keys.
     */
    public Flux<String> keys(String pattern) {
        ScanArgs args = ScanArgs.Builder.matches(pattern).limit(KEYS_PER_STEP);
        return nodes().concatMapDelayError(node -> keys(node, args))
                .onErrorMap(error -> new RedisUnavailableException("SCAN failed: " + error, error));
    }

    private Flux<StatefulRedisConnection<String, String>> nodes() {
        return Flux.defer(() -> {
            StatefulConnection<String, String> connection = redis.nativeConnection();
            if (connection instanceof StatefulRedisClusterConnection<String, String> cluster) {
                List<String> masters = cluster.getPartitions().stream()
                        .filter(KeyScan::ownsKeys)
                        .map(RedisClusterNode::getNodeId)
                        .toList();
                return Flux.fromIterable(masters)
                        .concatMapDelayError(id -> Mono.fromFuture(() -> cluster.getConnectionAsync(id)));
            }
            if (connection instanceof StatefulRedisConnection<String, String> single) {
                return Flux.just(single);
            }
            return Flux.error(new RedisUnavailableException("Not connected to Redis", null));
        });
    }

    /** A master that a replica has replaced stays in the list for as long as it is away, without slots. */
    private static boolean ownsKeys(RedisClusterNode node) {
        return node.is(RedisClusterNode.NodeFlag.UPSTREAM) && !node.getSlots().isEmpty();
    }

    private static Flux<String> keys(StatefulRedisConnection<String, String> node, ScanArgs args) {
        Mono<KeyScanCursor<String>> first =
                Mono.fromCompletionStage(() -> node.async().scan(args)).timeout(STEP_TIMEOUT);
        return first.expand(cursor -> cursor.isFinished()
                        ? Mono.empty()
                        : Mono.fromCompletionStage(() -> node.async().scan(cursor, args))
                                .timeout(STEP_TIMEOUT))
                .concatMapIterable(KeyScanCursor::getKeys);
    }
}
