package dev.sluice.redis;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisCommandExecutionException;
import io.lettuce.core.RedisCommandTimeoutException;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.LongSupplier;
import reactor.core.publisher.Mono;

/**
 * One server. Behind Sentinels each connection asks them anew who the master is; Lettuce does so when a connection breaks.
 *
 * <p>Two failovers break none, and are seen here: a master that was made a replica answers READONLY, and a master whose
 * machine is gone, or that hangs, answers nothing (its TCP connection would live on for a quarter of an hour).
 */
final class ServerTopology implements Topology {

    /** Longer than a slow script or a fork holds a server up, shorter than what Sentinels wait before a failover. */
    static final Duration SILENCE = Duration.ofSeconds(3);

    private static final long NONE = Long.MIN_VALUE;

    private final RedisClient client;
    private final LongSupplier nanoTime;
    private volatile long silentSince = NONE;

    /** @param nanoTime a monotonic clock */
    ServerTopology(RedisClient client, LongSupplier nanoTime) {
        this.client = client;
        this.nanoTime = nanoTime;
    }

    @Override
    public StatefulConnection<String, String> connect(Duration timeout) {
        StatefulConnection<String, String> made = client.connect(Utf8.CODEC);
        made.setTimeout(timeout);
        silentSince = NONE;
        return made;
    }

    @Override
    public <T> Mono<T> run(
            StatefulConnection<String, String> connection,
            Function<RedisClusterAsyncCommands<String, String>, CompletionStage<T>> command) {
        RedisClusterAsyncCommands<String, String> commands =
                ((StatefulRedisConnection<String, String>) connection).async();
        return Mono.fromCompletionStage(command.apply(commands)).doOnSuccess(answer -> answered());
    }

    @Override
    public boolean shareServer(StatefulConnection<String, String> connection, String one, String other) {
        return true;
    }

    @Override
    public boolean isGone(Throwable error) {
        if (error instanceof RedisCommandTimeoutException) {
            long now = nanoTime.getAsLong();
            long since = silentSince;
            if (since == NONE) {
                silentSince = now;
                return false;
            }
            return now - since >= SILENCE.toNanos();
        }
        if (error instanceof RedisCommandExecutionException) {
            answered();
            return isReadOnly(error);
        }
        return false;
    }

    /** A script's first write fails on a replica, so nothing of it was done; Redis 6.2 puts more text before the word. */
    private static boolean isReadOnly(Throwable error) {
        return String.valueOf(error.getMessage()).contains("READONLY");
    }

    private void answered() {
        if (silentSince != NONE) {
            silentSince = NONE;
        }
    }
}
