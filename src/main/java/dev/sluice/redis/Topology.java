package dev.sluice.redis;

import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import reactor.core.publisher.Mono;

/** What differs between one server (alone, or named by Sentinels) and a Cluster. */
sealed interface Topology permits ServerTopology, ClusterTopology {

    /** Connects; blocks. Fails with an exception of Lettuce's. */
    StatefulConnection<String, String> connect(Duration timeout);

    /** Runs one command, and ends with an error of Lettuce's or Reactor's if it cannot. */
    <T> Mono<T> run(
            StatefulConnection<String, String> connection,
            Function<RedisClusterAsyncCommands<String, String>, CompletionStage<T>> command);

    /** Whether two keys are on one server, as far as this connection knows. */
    boolean shareServer(StatefulConnection<String, String> connection, String one, String other);

    /** Takes note of how a command ended; true if its connection leads to nobody who could answer and must be replaced. */
    boolean isGone(Throwable error);
}
