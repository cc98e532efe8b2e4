package dev.sluice.redis;

import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.ClusterTopologyRefreshOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.models.partitions.Partitions;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;
import reactor.util.retry.Retry;

/**
 * A Redis Cluster. Lettuce follows MOVED and ASK; what it cannot follow is repeated here.
 *
 * <p>While a slot moves, a script whose keys are not all on one side is answered with TRYAGAIN, or is sent from one side to
 * the other: it was not carried out, so the same call, with the same event id, is made again until the budget is used up.
 * Nothing else is repeated. CLUSTERDOWN, LOADING, MASTERDOWN and NOREPLICAS mean "not carried out" too, but last longer
 * than a request may wait; any other error does not say whether it was.
 */
final class ClusterTopology implements Topology {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(50);

    /** A second bound beside the budget, for one that is set to minutes. */
    private static final int MOST_REPEATS = 400;

    private static final Duration REFRESH_AT_MOST_EVERY = Duration.ofSeconds(1);

    private final RedisClusterClient client;
    private final Duration timeout;
    private final LongSupplier nanoTime;
    private final AtomicLong refreshed;

    /**
     * @param timeout how long one call may take, repeats and connecting to a node included
     * @param nanoTime a monotonic clock
     */
    ClusterTopology(RedisClusterClient client, Duration timeout, LongSupplier nanoTime) {
        this.client = client;
        this.timeout = timeout;
        this.nanoTime = nanoTime;
        this.refreshed = new AtomicLong(nanoTime.getAsLong() - REFRESH_AT_MOST_EVERY.toNanos());
    }

    /**
     * Lettuce's options for a Cluster.
     *
     * <p>Every sign of a change (redirects, reconnects, uncovered slots) asks for the topology anew, at most once a second:
     * with Lettuce's own five seconds the first sign of a failover, which comes before a replica is promoted, would put off
     * the one that finds it. The period finds what gives no sign. Redirects are followed to nodes that are not known yet, as
     * the first slot of a new master needs; who may name nodes is the Cluster alone. Five redirects are Lettuce's default:
     * more of them at once is a slot that is moving, which is waited for here.
     *
     * @param period between two looks at the topology without a sign
     */
    static void configure(ClusterClientOptions.Builder options, Duration period) {
        options.topologyRefreshOptions(ClusterTopologyRefreshOptions.builder()
                        .enableAllAdaptiveRefreshTriggers()
                        .adaptiveRefreshTriggersTimeout(REFRESH_AT_MOST_EVERY)
                        .refreshTriggersReconnectAttempts(1)
                        .enablePeriodicRefresh(period)
                        .build())
                .validateClusterNodeMembership(false)
                .maxRedirects(5);
    }

    @Override
    public StatefulConnection<String, String> connect(Duration timeout) {
        return client.connect(Utf8.CODEC);
    }

    /** Lettuce times the nodes' answers, with one limit for all connections, and not the way to a node: this does both. */
    @Override
    public <T> Mono<T> run(
            StatefulConnection<String, String> connection,
            Function<RedisClusterAsyncCommands<String, String>, CompletionStage<T>> command) {
        RedisClusterAsyncCommands<String, String> commands =
                ((StatefulRedisClusterConnection<String, String>) connection).async();
        Mono<T> attempt = Mono.defer(() -> Mono.fromCompletionStage(command.apply(commands)));
        return attempt.onErrorResume(ClusterTopology::isSlotMoving, error -> again(attempt))
                .timeout(timeout);
    }

    private static <T> Mono<T> again(Mono<T> attempt) {
        return Mono.delay(FIRST_PAUSE)
                .then(attempt.retryWhen(Retry.backoff(MOST_REPEATS, FIRST_PAUSE)
                        .maxBackoff(LONGEST_PAUSE)
                        .filter(ClusterTopology::isSlotMoving)
                        .onRetryExhaustedThrow((spec, signal) -> signal.failure())));
    }

    private static boolean isSlotMoving(Throwable error) {
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        if (!(cause instanceof RedisCommandExecutionException)) {
            return false;
        }
        String answer = String.valueOf(cause.getMessage());
        return answer.startsWith("TRYAGAIN") || answer.startsWith("MOVED ") || answer.startsWith("ASK ");
    }

    /** Two slots that nobody serves are one loss. */
    @Override
    public boolean shareServer(StatefulConnection<String, String> connection, String one, String other) {
        Partitions nodes = ((StatefulRedisClusterConnection<String, String>) connection).getPartitions();
        return Objects.equals(
                nodes.getPartitionBySlot(SlotHash.getSlot(one)), nodes.getPartitionBySlot(SlotHash.getSlot(other)));
    }

    /** A master that hangs breaks no connection: who owns its slots is asked. The connection itself leads to all nodes. */
    @Override
    public boolean isGone(Throwable error) {
        if (error instanceof TimeoutException || error instanceof RedisCommandTimeoutException) {
            long now = nanoTime.getAsLong();
            long last = refreshed.get();
            if (now - last >= REFRESH_AT_MOST_EVERY.toNanos() && refreshed.compareAndSet(last, now)) {
                var unused = client.refreshPartitionsAsync();
            }
        }
        return false;
    }
}
