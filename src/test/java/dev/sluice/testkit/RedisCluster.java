package dev.sluice.testkit;

import static org.awaitility.Awaitility.await;

import io.lettuce.core.MigrateArgs;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.SlotHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A real Redis Cluster of three masters, each with a replica if that is asked for, made by our own commands so that it
 * stands in about three seconds. A master counts as failed after {@value #NODE_TIMEOUT_MILLIS} ms.
 */
public final class RedisCluster implements RedisServers {

    private static final int NODE_TIMEOUT_MILLIS = 1500;
    private static final List<String> CLUSTER_NODE = List.of(
            "cluster-enabled yes",
            "cluster-config-file nodes.conf",
            "cluster-node-timeout " + NODE_TIMEOUT_MILLIS,
            "repl-diskless-sync yes",
            "repl-diskless-sync-delay 0");
    private static final int MASTERS = 3;
    private static final int BUS_OFFSET = 10_000;
    private static final int ATTEMPTS = 5;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final List<Redis> nodes = new ArrayList<>();

    private RedisCluster() {}

    /**
     * Three masters, the slots in three ranges.
     *
     * @param settings of each, lines of a redis.conf
     */
    public static RedisCluster start(String... settings) {
        return start(0, settings);
    }

    /** Three masters with a replica each; replication is asynchronous, as it always is. */
    public static RedisCluster startWithReplicas() {
        return start(1);
    }

    private static RedisCluster start(int replicas, String... settings) {
        RedisCluster cluster = new RedisCluster();
        try {
            for (int i = 0; i < MASTERS * (1 + replicas); i++) {
                cluster.nodes.add(startNode(settings));
            }
            cluster.join();
            return cluster;
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private static Redis startNode(String... settings) {
        for (int attempt = 1; ; attempt++) {
            int port = Redis.freePort();
            // The nodes speak with each other on a second port, which is this one plus 10,000.
            if (port + BUS_OFFSET > 65_535) {
                port -= BUS_OFFSET;
            }
            try {
                return Redis.startOn(
                        port,
                        Stream.concat(CLUSTER_NODE.stream(), Stream.of(settings))
                                .toArray(String[]::new));
            } catch (IllegalStateException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private void join() {
        Redis first = nodes.get(0);
        for (int i = 0; i < nodes.size(); i++) {
            RedisCommands<String, String> node = nodes.get(i).client();
            node.clusterSetConfigEpoch(i + 1);
            if (i < MASTERS) {
                node.clusterAddSlots(
                        IntStream.range(firstSlot(i), firstSlot(i + 1)).toArray());
            }
            if (i > 0) {
                node.clusterMeet(first.host(), first.port());
            }
        }
        await().atMost(LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> nodes.stream().allMatch(node -> known(node) == nodes.size()));
        for (int i = MASTERS; i < nodes.size(); i++) {
            nodes.get(i).client().clusterReplicate(id(nodes.get(i - MASTERS)));
        }
        awaitOk();
    }

    /** Waits until every node says that all slots are served and every replica has its master's data. */
    public void awaitOk() {
        await().atMost(LIMIT)
                .pollInterval(Duration.ofMillis(50))
                .until(() -> nodes.stream().allMatch(RedisCluster::isOk));
    }

    private static boolean isOk(Redis node) {
        String replication = node.client().info("replication");
        return node.client().clusterInfo().contains("cluster_state:ok")
                && (replication.contains("role:master") || replication.contains("master_link_status:up"));
    }

    private static int firstSlot(int master) {
        return SlotHash.SLOT_COUNT * master / MASTERS;
    }

    private static long known(Redis node) {
        return node.client().clusterNodes().lines().count();
    }

    private static String id(Redis node) {
        return node.client().clusterMyId();
    }

    /** All nodes: the first three began as masters, the replica of the {@code i}-th is the {@code i + 3}-th. */
    public List<Redis> nodes() {
        return List.copyOf(nodes);
    }

    /** The nodes that are masters now. */
    public List<Redis> masters() {
        return nodes.stream()
                .filter(Redis::isRunning)
                .filter(RedisCluster::isMaster)
                .toList();
    }

    private static boolean isMaster(Redis node) {
        return node.client().info("replication").contains("role:master");
    }

    /** The node that owns the key's slot, as that node sees it. */
    public Redis owner(String key) {
        int slot = SlotHash.getSlot(key);
        return nodes.stream()
                .filter(node -> owns(node, slot))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("Nobody owns the slot of " + key));
    }

    /** Waits until a replica has taken over the slots of the master that was killed. */
    public void awaitPromotion(Redis replica) {
        await().atMost(LIMIT).pollInterval(Duration.ofMillis(50)).until(() -> isMaster(replica));
    }

    private static boolean owns(Redis node, int slot) {
        if (!node.isRunning()) {
            return false;
        }
        String me = node.client()
                .clusterNodes()
                .lines()
                .filter(line -> line.contains("myself,master"))
                .findFirst()
                .orElse("");
        return me.lines()
                .flatMap(line -> List.of(line.split(" ")).stream().skip(8))
                .filter(range -> !range.startsWith("["))
                .anyMatch(range -> {
                    String[] ends = range.split("-");
                    return Integer.parseInt(ends[0]) <= slot && slot <= Integer.parseInt(ends[ends.length - 1]);
                });
    }

    /**
     * Moves the slot of {@code key} to another master as {@code redis-cli --cluster reshard} does, key by key, while it is
     * in use.
     *
     * @param whileSplit run once, when half of the keys are on either side
     */
    public void moveSlot(String key, Redis target, Runnable whileSplit) {
        int slot = SlotHash.getSlot(key);
        Redis source = owner(key);
        target.client().clusterSetSlotImporting(slot, id(source));
        source.client().clusterSetSlotMigrating(slot, id(target));
        long half = source.client().clusterCountKeysInSlot(slot) / 2;
        boolean told = false;
        while (true) {
            if (!told && source.client().clusterCountKeysInSlot(slot) <= half) {
                told = true;
                whileSplit.run();
            }
            List<String> keys = source.client().clusterGetKeysInSlot(slot, 1);
            if (keys.isEmpty()) {
                break;
            }
            source.client()
                    .migrate(
                            target.host(),
                            target.port(),
                            0,
                            LIMIT.toMillis(),
                            MigrateArgs.Builder.<String>keys(keys.get(0)));
        }
        target.client().clusterSetSlotNode(slot, id(target));
        source.client().clusterSetSlotNode(slot, id(target));
        nodes.stream()
                .filter(node -> node != source && node != target)
                .forEach(node -> node.client().clusterSetSlotNode(slot, id(target)));
    }

    /** How often a node answered with that error since it was started, such as {@code TRYAGAIN}. */
    public static long errors(Redis node, String code) {
        return node.client()
                .info("errorstats")
                .lines()
                .filter(line -> line.startsWith("errorstat_" + code + ":count="))
                .mapToLong(line ->
                        Long.parseLong(line.substring(line.indexOf('=') + 1).trim()))
                .sum();
    }

    @Override
    public Map<String, String> settings() {
        return Map.of(
                "spring.data.redis.cluster.nodes",
                nodes.stream().map(node -> node.host() + ":" + node.port()).collect(Collectors.joining(",")));
    }

    @Override
    public void close() {
        nodes.forEach(Redis::close);
    }
}
