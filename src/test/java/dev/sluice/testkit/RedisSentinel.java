package dev.sluice.testkit;

import static org.awaitility.Awaitility.await;

import io.lettuce.core.RedisClient;
import io.lettuce.core.RedisException;
import io.lettuce.core.RedisURI;
import io.lettuce.core.sentinel.api.StatefulRedisSentinelConnection;
import io.lettuce.core.sentinel.api.sync.RedisSentinelCommands;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A master, a replica and one Sentinel with a quorum of one, which calls the master failed after
 * {@value #DOWN_AFTER_MILLIS} ms. One is enough here: what Sluice sees of Sentinels is the answer to "who is the master",
 * and three that agree answer as one does; in production a single one could be cut off alone.
 */
public final class RedisSentinel implements RedisServers {

    private static final String NAME = "sluice";
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
        this.client = RedisClient.create(RedisURI.create("127.0.0.1", port));
    }

    /**
     * Starts all three, and waits until the replica has the master's data and the Sentinel knows it.
     *
     * @param settings of the master alone, lines of a redis.conf
     */
    public static RedisSentinel start(String... settings) {
        String[] ofMaster = Arrays.copyOf(settings, settings.length + 2);
        ofMaster[settings.length] = "repl-diskless-sync yes";
        ofMaster[settings.length + 1] = "repl-diskless-sync-delay 0";
        Redis master = Redis.startOn(Redis.freePort(), ofMaster);
        Redis replica = Redis.startOn(
                Redis.freePort(),
                "replicaof " + master.host() + " " + master.port(),
                "repl-diskless-sync yes",
                "repl-diskless-sync-delay 0");
        int port = Redis.freePort();
        String configuration = """
                sentinel monitor %1$s 127.0.0.1 %2$d 1
                sentinel down-after-milliseconds %1$s %3$d
                sentinel failover-timeout %1$s 5000
                """.formatted(NAME, master.port(), DOWN_AFTER_MILLIS);
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
    public String uri() {
        return "redis-sentinel://127.0.0.1:" + port + "#" + NAME;
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
                "spring.data.redis.sentinel.master", NAME, "spring.data.redis.sentinel.nodes", "127.0.0.1:" + port);
    }

    @Override
    public void close() {
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        sentinel.kill();
        replica.close();
        master.close();
    }
}
