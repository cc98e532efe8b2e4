package dev.sluice.redis;

import dev.sluice.tracing.RedisCalls;
import io.github.resilience4j.bulkhead.BulkheadFullException;
import io.github.resilience4j.circuitbreaker.CallNotPermittedException;
import io.lettuce.core.AbstractRedisClient;
import io.lettuce.core.RedisChannelHandler;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisConnectionStateListener;
import io.lettuce.core.RedisNoScriptException;
import io.lettuce.core.ScriptOutputType;
import io.lettuce.core.api.StatefulConnection;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import io.lettuce.core.cluster.event.ClusterTopologyChangedEvent;
import io.lettuce.core.pubsub.StatefulRedisPubSubConnection;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.IntConsumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/**
 * One shared connection to Redis, made in the background and remade by Lettuce when it is lost. The same commands work on
 * a single server, Sentinel and Cluster.
 *
 * <p>Every call fails with {@link RedisUnavailableException} if it cannot be answered within the connection's timeout;
 * while there is no connection it fails at once.
 */
public final class RedisConnection implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(RedisConnection.class);
    private static final Duration CONNECT_RETRY = Duration.ofSeconds(1);

    /** A connection that has to be given up sooner leads where the last one led: its successor is not hurried, nor told of. */
    private static final Duration FRESH = Duration.ofSeconds(10);

    private final Topology topology;
    private final Duration timeout;
    private final UnaryOperator<Mono<Object>> guard;
    private final RedisCalls calls;
    private final ScheduledExecutorService connector;
    private final AtomicReference<@Nullable StatefulConnection<String, String>> connection = new AtomicReference<>();
    private final List<Runnable> lossListeners = new CopyOnWriteArrayList<>();
    private final List<IntConsumer> moveListeners = new CopyOnWriteArrayList<>();
    private final List<Runnable> replacementListeners = new CopyOnWriteArrayList<>();
    private final Disposable moves;
    private volatile boolean waitingLogged;
    private volatile long connectedNanos;
    private volatile boolean closed;

    /** A connection whose commands name no server in their spans. */
    public RedisConnection(
            AbstractRedisClient client,
            Duration timeout,
            UnaryOperator<Mono<Object>> guard,
            ScheduledExecutorService connector) {
        this(client, timeout, guard, new RedisCalls(null, 0), connector);
    }

    /**
     * @param client Lettuce's client as Spring Boot configured it; not closed with this connection
     * @param timeout how long one command may take
     * @param guard put around each call, such as a circuit breaker; must not change the values
     * @param calls the spans of sampled requests' commands
     * @param connector a thread on which connecting may block
     */
    RedisConnection(
            AbstractRedisClient client,
            Duration timeout,
            UnaryOperator<Mono<Object>> guard,
            RedisCalls calls,
            ScheduledExecutorService connector) {
        this.topology = client instanceof RedisClusterClient cluster
                ? new ClusterTopology(cluster, timeout, System::nanoTime)
                : new ServerTopology((RedisClient) client, System::nanoTime);
        this.timeout = timeout;
        this.guard = guard;
        this.calls = calls;
        this.connector = connector;
        client.addListener(new LossListener());
        this.moves = client.getResources()
                .eventBus()
                .get()
                .ofType(ClusterTopologyChangedEvent.class)
                .subscribe(change -> SlotMoves.partitions(change)
                        .forEach(partition -> moveListeners.forEach(listener -> listener.accept(partition))));
        connector.execute(this::connect);
    }

    /**
     * Calls {@code listener}, briefly and on any thread, each time the connection to a server was lost, or its circuit was
     * opened because servers do not answer.
     */
    public void onLoss(Runnable listener) {
        lossListeners.add(listener);
    }

    /** Redis is taken for lost by whoever guards this connection. */
    void lost() {
        lossListeners.forEach(Runnable::run);
    }

    /**
     * Calls {@code listener}, briefly and on any thread, with each partition whose slot has another owner than before. If
     * that was a failover the new owner may miss what the old one had answered last, though no connection broke.
     */
    public void onMove(IntConsumer listener) {
        moveListeners.add(listener);
    }

    /**
     * Calls {@code listener}, on a thread that may block, before a connection is made in place of one that was given up,
     * so that other connections of the same client can be given up too.
     */
    void onReplacement(Runnable listener) {
        replacementListeners.add(listener);
    }

    /** Whether a connection exists and is open; says nothing of whether Redis answers. */
    public boolean isConnected() {
        StatefulConnection<String, String> current = connection.get();
        return current != null && current.isOpen();
    }

    /** Whether two keys are on one server, as far as is known. */
    public boolean shareServer(String one, String other) {
        StatefulConnection<String, String> current = connection.get();
        return current == null || topology.shareServer(current, one, other);
    }

    /** Runs one command. An empty answer (nil) is an empty {@link Mono}. */
    public <T> Mono<T> call(Function<RedisClusterAsyncCommands<String, String>, CompletionStage<T>> command) {
        return call(null, command);
    }

    private <T> Mono<T> call(
            @Nullable String script, Function<RedisClusterAsyncCommands<String, String>, CompletionStage<T>> command) {
        return guarded(unguarded(script, command)).onErrorMap(RedisConnection::unavailable);
    }

    private <T> Mono<T> unguarded(
            @Nullable String script, Function<RedisClusterAsyncCommands<String, String>, CompletionStage<T>> command) {
        return Mono.deferContextual(context -> {
            StatefulConnection<String, String> current = connection.get();
            if (current == null) {
                return Mono.error(RedisUnavailableException.notSent("Not connected to Redis", null));
            }
            Mono<T> answer = topology.run(current, command).doOnError(error -> {
                if (topology.isGone(cause(error))) {
                    replace(current, cause(error));
                }
            });
            return calls.traced(context, script, answer);
        });
    }

    /** Runs a script whose reply is an array; loads it when the server does not know it, as after a restart. */
    public Mono<List<Object>> eval(Script script, String[] keys, String... args) {
        return call(
                script.name(),
                redis -> redis.<List<Object>>evalsha(script.sha1(), ScriptOutputType.MULTI, keys, args)
                        .exceptionallyCompose(error -> cause(error) instanceof RedisNoScriptException
                                ? redis.eval(script.source(), ScriptOutputType.MULTI, keys, args)
                                : CompletableFuture.failedFuture(error)));
    }

    /**
     * Asks for a sign of life, past the guard; on a Cluster a random master, since one that hangs says nothing of the
     * others. Fails as {@link #call} does.
     */
    Mono<Long> ping() {
        return Mono.fromSupplier(() -> ThreadLocalRandom.current().nextInt(KeySpace.PARTITIONS))
                .flatMap(partition -> unguarded(null, commands -> commands.exists(KeySpace.fence(partition))))
                .onErrorMap(RedisConnection::unavailable);
    }

    /** Only for what has to be done node by node, such as SCAN on a Cluster; null while not connected. */
    public @Nullable StatefulConnection<String, String> nativeConnection() {
        return connection.get();
    }

    @SuppressWarnings("unchecked")
    private <T> Mono<T> guarded(Mono<T> call) {
        return (Mono<T>) guard.apply((Mono<Object>) call);
    }

    private void connect() {
        if (closed) {
            return;
        }
        try {
            connection.set(topology.connect(timeout));
            connectedNanos = System.nanoTime();
            log.info("Connected to Redis");
        } catch (RuntimeException e) {
            if (!waitingLogged) {
                waitingLogged = true;
                Throwable cause = e.getCause() == null ? e : e.getCause();
                log.warn(
                        "Redis cannot be reached yet and is tried again every {} s: {}",
                        CONNECT_RETRY.toSeconds(),
                        cause.toString());
            }
            var unused = connector.schedule(this::connect, CONNECT_RETRY.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    /** What was charged there may be missing where the next connection leads, as after any loss. */
    private void replace(StatefulConnection<String, String> gone, Throwable error) {
        if (closed || !connection.compareAndSet(gone, null)) {
            return;
        }
        boolean afresh = System.nanoTime() - connectedNanos > FRESH.toNanos();
        if (afresh) {
            log.warn("The connection to Redis is given up and made anew: {}", error.toString());
        }
        lost();
        var closing = gone.closeAsync();
        var unused = connector.schedule(
                () -> {
                    replacementListeners.forEach(Runnable::run);
                    connect();
                },
                afresh ? 0 : CONNECT_RETRY.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private static Throwable unavailable(Throwable error) {
        Throwable cause = cause(error);
        if (cause instanceof RedisUnavailableException) {
            return cause;
        }
        if (cause instanceof CallNotPermittedException) {
            return RedisUnavailableException.notSent("Redis is not asked: " + cause.getMessage(), cause);
        }
        return cause instanceof BulkheadFullException
                ? RedisUnavailableException.notAsked("Redis is not asked: " + cause.getMessage(), cause)
                : new RedisUnavailableException("Redis did not answer: " + cause, cause);
    }

    private static Throwable cause(Throwable error) {
        return error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
    }

    @Override
    public void close() {
        closed = true;
        moves.dispose();
        StatefulConnection<String, String> current = connection.getAndSet(null);
        if (current != null && current.isOpen()) {
            current.close();
        }
    }

    /** Any connection of the client counts: on a Cluster each node has its own. */
    private final class LossListener implements RedisConnectionStateListener {
        @Override
        public void onRedisConnected(RedisChannelHandler<?, ?> handler, SocketAddress address) {}

        /**
         * Nothing is lost with one that was closed on purpose, such as those that ask a Cluster for its topology, or that
         * only listens, on which no charge was ever sent.
         */
        @Override
        public void onRedisDisconnected(RedisChannelHandler<?, ?> handler) {
            if (!handler.isClosed() && !(handler instanceof StatefulRedisPubSubConnection)) {
                lost();
            }
        }

        @Override
        public void onRedisExceptionCaught(RedisChannelHandler<?, ?> handler, Throwable cause) {
            log.debug("Redis connection: {}", cause.toString());
        }
    }
}
