package dev.sluice.testkit;

import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import io.lettuce.core.sentinel.api.sync.RedisSentinelCommands;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * A master, a replica and one Sentinel with a quorum of one, which calls the master failed after
 * {@value #DOWN_AFTER_MILLIS} ms. One is enough here: what Sluice sees of Sentinels is the answer to "who is the master",
 * and three that agree answer as one does; in production a single one could be cut off alone. The Sentinel asks for a
 * password of its own, and the gateway is the Redis user that the docs name.
 */
public final class RedisSentinel implements RedisServers {

    private static final String NAME = "sluice";
    private static final String PASSWORD = Secrets.ofThisRun().remember("sentinel-" + UUID.randomUUID());
    private static final int DOWN_AFTER_MILLIS = 1500;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final Redis master;
    private final Redis replica;
    private final RedisServerProcess sentinel;
    private final int port;
    private final RedisClient client;
    private @Nullable StatefulRedisSentinelConnection<String, String> connection;

    private RedisSentinel(Redis master, Redis replica, RedisServerProcess sentinel, int port) {
        this.master = master;
        this.replica = replica;
        this.sentinel = sentinel;
        this.port = port;
        this.client = RedisClient.create(RedisURI.Builder.redis("127.0.0.1", port)
                .withPassword(PASSWORD.toCharArray())
                .build());
    }

    /**
     * Starts all three, and waits until the replica has the master's data and the Sentinel knows it.
     *
     * @param settings of the master alone, lines of a redis.conf
     */
    public static RedisSentinel start(String... settings) {
        Redis master = startServer(settings);
        Redis replica = startServer("replicaof " + master.host() + " " + master.port());
        int port = Ports.free();
        String configuration = """
                requirepass %4$s
                sentinel monitor %1$s 127.0.0.1 %2$d 1
                sentinel down-after-milliseconds %1$s %3$d
                sentinel failover-timeout %1$s 5000
                """.formatted(NAME, master.port(), DOWN_AFTER_MILLIS, PASSWORD);
        RedisServerProcess sentinel = new RedisServerProcess(port, List.of(), configuration);
        sentinel.start();
        RedisSentinel started = new RedisSentinel(master, replica, sentinel, port);
        await().atMost(LIMIT)
                .ignoreExceptionsInstanceOf(RedisException.class)
                .until(() -> replica.client().info("replication").contains("master_link_status:up")
                        && started.ask().replicas(NAME).stream()
                                .anyMatch(known -> "ok".equals(known.get("master-link-status"))));
        return started;
    }

    private static Redis startServer(String... settings) {
        List<String> lines =
                new ArrayList<>(List.of("repl-diskless-sync yes", "repl-diskless-sync-delay 0", RedisAcl.setting()));
        lines.addAll(List.of(settings));
        return Redis.startOn(Ports.free(), lines.toArray(String[]::new));
    }

    private RedisSentinelCommands<String, String> ask() {
        StatefulRedisSentinelConnection<String, String> made = connection;
        if (made == null) {
            made = client.connectSentinel();
            connection = made;
        }
        return made.sync();
    }

    public Redis master() {
        return master;
    }

    public Redis replica() {
        return replica;
    }

    /** For Lettuce. */
    public RedisURI uri() {
        return RedisURI.builder()
                .withSentinel("127.0.0.1", port, PASSWORD)
                .withSentinelMasterId(NAME)
                .build();
    }

    /** Waits until the Sentinel names the replica as the master, and the replica is one. */
    public void awaitPromotion() {
        await().atMost(LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> ((InetSocketAddress) ask().getMasterAddrByName(NAME)).getPort() == replica.port()
                        && replica.client().info("replication").contains("role:master"));
    }

    @Override
    public Map<String, String> settings() {
        return Map.of(
                "spring.data.redis.sentinel.master",
                NAME,
                "spring.data.redis.sentinel.nodes",
                "127.0.0.1:" + port,
                "spring.data.redis.sentinel.password",
                PASSWORD,
                "spring.data.redis.username",
                RedisAcl.USER,
                "spring.data.redis.password",
                RedisAcl.PASSWORD);
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        sentinel.kill();
        replica.close();
        master.close();
    }
}
