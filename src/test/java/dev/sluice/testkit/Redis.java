package dev.sluice.testkit;

import io.lettuce.core.ClientOptions;
import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.resource.ClientResources;
import io.lettuce.core.resource.Delay;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A real Redis on a free port of 127.0.0.1, its files under {@code target/}, ended with the test JVM.
 *
 * <p>It is a child process from embedded-redis; another binary if {@code sluice.test.redis.binary} names one; a container
 * if {@code sluice.test.containers} is true, of the image {@code sluice.test.redis.image} ({@code redis:8}).
 */
public final class Redis implements RedisData {

    private static final Duration START_LIMIT = Duration.ofSeconds(20);
    private static final int START_ATTEMPTS = 3;
    private static @Nullable Redis shared;

    private final RedisServer server;
    private final int port;
    private @Nullable ClientResources resources;
    private @Nullable RedisClient client;
    private @Nullable StatefulRedisConnection<String, String> connection;

    private Redis(RedisServer server, int port) {
        this.server = server;
        this.port = port;
    }

    /** The one server of this JVM, for tests that neither stop it nor mind what others left in it. */
    public static synchronized Redis shared() {
        if (shared == null) {
            shared = start();
        }
        return shared;
    }

    /**
     * Starts a server for the caller alone, who closes it. It keeps nothing on disk unless told to.
     *
     * @param settings lines of a redis.conf, such as {@code appendonly yes}
     */
    public static Redis start(String... settings) {
        List<String> arguments = arguments(settings);
        for (int attempt = 1; ; attempt++) {
            int port = Ports.free();
            RedisServer server = Boolean.getBoolean("sluice.test.containers")
                    ? new RedisServerContainer(port, arguments)
                    : new RedisServerProcess(port, arguments);
            Redis redis = new Redis(server, port);
            try {
                redis.restart();
                return redis;
            } catch (IllegalStateException e) {
                redis.close();
                if (attempt == START_ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Starts a server on that port, always as a child process: several servers find each other by their ports. */
    static Redis startOn(int port, String... settings) {
        Redis redis = new Redis(new RedisServerProcess(port, arguments(settings)), port);
        try {
            redis.restart();
            return redis;
        } catch (IllegalStateException e) {
            redis.close();
            throw e;
        }
    }

    private static List<String> arguments(String... settings) {
        List<String> arguments = new ArrayList<>(List.of("--save", "", "--appendonly", "no"));
        for (String setting : settings) {
            List<String> words = List.of(setting.trim().split("\\s+"));
            arguments.add("--" + words.get(0));
            arguments.addAll(words.subList(1, words.size()));
        }
        return arguments;
    }

    /** Kills the server if it runs, starts it on the same port with what it kept on disk, and waits until it answers. */
    @Override
    public void restart() {
        server.kill();
        server.start();
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (!answers()) {
            if (!server.isRunning() || System.nanoTime() > deadline) {
                throw new IllegalStateException("Redis on port " + port + " did not start:\n" + server.log());
            }
            LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
        }
    }

    private boolean answers() {
        try {
            return "PONG".equals(client().ping());
        } catch (RedisException e) {
            return false;
        }
    }

    public String host() {
        return "127.0.0.1";
    }

    public int port() {
        return port;
    }

    /** For {@code spring.data.redis.url}. */
    public String uri() {
        return "redis://" + host() + ":" + port;
    }

    @Override
    public Map<String, String> settings() {
        return Map.of("spring.data.redis.url", uri());
    }

    boolean isRunning() {
        return server.isRunning();
    }

    /** The server's process id. */
    public long pid() {
        return server.pid();
    }

    @Override
    public void freeze() {
        server.freeze();
    }

    @Override
    public void thaw() {
        server.thaw();
    }

    @Override
    public void kill() {
        server.kill();
    }

    @Override
    public RedisClient newClient() {
        RedisClient made = RedisClient.create(uri());
        made.setOptions(ClientOptions.builder()
                .disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled())
                .build());
        return made;
    }

    /** A blocking connection of the test's own, remade when the server comes back. */
    @Override
    public synchronized RedisCommands<String, String> client() {
        if (connection == null) {
            if (client == null) {
                resources = ClientResources.builder()
                        .ioThreadPoolSize(2)
                        .computationThreadPoolSize(2)
                        .reconnectDelay(Delay.constant(Duration.ofMillis(20)))
                        .build();
                client = RedisClient.create(
                        resources,
                        RedisURI.builder()
                                .withHost(host())
                                .withPort(port)
                                .withTimeout(Duration.ofSeconds(5))
                                .build());
            }
            connection = client.connect();
        }
        return connection.sync();
    }

    @Override
    public synchronized void close() {
        server.kill();
        if (client != null) {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        }
        if (resources != null) {
            resources.shutdown(0, 2, java.util.concurrent.TimeUnit.SECONDS).awaitUninterruptibly();
        }
    }
}
