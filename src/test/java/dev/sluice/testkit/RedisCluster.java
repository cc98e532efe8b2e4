package dev.sluice.testkit;

import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import io.lettuce.core.ClientOptions;
import io.lettuce.core.MaintNotificationsConfig;
import io.lettuce.core.MigrateArgs;
import io.lettuce.core.RedisURI;
import io.lettuce.core.TimeoutOptions;
import io.lettuce.core.api.sync.RedisCommands;
import io.lettuce.core.cluster.ClusterClientOptions;
import io.lettuce.core.cluster.RedisClusterClient;
import io.lettuce.core.cluster.SlotHash;
import io.lettuce.core.cluster.api.StatefulRedisClusterConnection;
import io.lettuce.core.cluster.api.sync.RedisClusterCommands;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A real Redis Cluster of three masters, each with a replica if that is asked for, made by our own commands so that it
 * stands in about three seconds. A master counts as failed after {@value #NODE_TIMEOUT_MILLIS} ms, unless a setting says
 * otherwise. The gateway is told to be the user that the docs name.
 */
public final class RedisCluster implements RedisData {

    private static final int NODE_TIMEOUT_MILLIS = 1500;
    private static final List<String> CLUSTER_NODE = List.of(
            "cluster-enabled yes",
            "cluster-config-file nodes.conf",
            "cluster-node-timeout " + NODE_TIMEOUT_MILLIS,
            "repl-diskless-sync yes",
            "repl-diskless-sync-delay 0");
    private static final int MASTERS = 3;
    private static final int ATTEMPTS = 5;
    private static final Duration LIMIT = Duration.ofSeconds(60);

    /** Masters that may be away for some seconds, one or all of them, and are not given up by the others. */
    private static final String[] PATIENT = {"cluster-node-timeout 60000", "cluster-require-full-coverage no"};

    private static @Nullable RedisCluster shared;

    private final @Nullable Certificates tls;
    private final List<Redis> nodes = new ArrayList<>();
    private final Map<Redis, Integer> tlsPorts = new HashMap<>();
    private @Nullable RedisClusterClient client;
    private @Nullable StatefulRedisClusterConnection<String, String> connection;

    private RedisCluster(@Nullable Certificates tls) {
        this.tls = tls;
    }

    /**
     * Three masters, the slots in three ranges.
     *
     * @param settings of each, lines of a redis.conf
     */
    public static RedisCluster start(String... settings) {
        return start(0, null, settings);
    }

    /** The same, whose nodes speak TLS with each other and with the gateway, each side with a certificate. */
    public static RedisCluster startTls() {
        return start(0, Certificates.selfSigned("cluster"));
    }

    /** Three masters that stay a master while they hang or are restarted. */
    public static RedisCluster startPatient() {
        return start(0, null, PATIENT);
    }

    /** Three masters with a replica each; replication is asynchronous, as it always is. */
    public static RedisCluster startWithReplicas() {
        return start(1, null);
    }

    /** The one cluster of this JVM, as {@link #startPatient} makes it; closing it does nothing. */
    static synchronized RedisCluster shared() {
        if (shared == null) {
            shared = startPatient();
        }
        return shared;
    }

    private static RedisCluster start(int replicas, @Nullable Certificates tls, String... settings) {
        RedisCluster cluster = new RedisCluster(tls);
        try {
            for (int i = 0; i < MASTERS * (1 + replicas); i++) {
                cluster.startNode(settings);
            }
            cluster.join();
            return cluster;
        } catch (RuntimeException e) {
            cluster.close();
            throw e;
        }
    }

    private void startNode(String... settings) {
        for (int attempt = 1; ; attempt++) {
            int port = Ports.free();
            int tlsPort = Ports.free();
            List<String> lines = new ArrayList<>(CLUSTER_NODE);
            lines.add(RedisAcl.setting());
            if (tls != null) {
                lines.addAll(List.of(
                        "tls-port " + tlsPort,
                        "tls-cluster yes",
                        "tls-cert-file " + tls.certificate(),
                        "tls-key-file " + tls.key(),
                        "tls-ca-cert-file " + tls.certificate(),
                        "tls-auth-clients yes"));
            }
            lines.addAll(List.of(settings));
            try {
                Redis node = Redis.startOn(port, lines.toArray(String[]::new));
                nodes.add(node);
                if (tls != null) {
                    tlsPorts.put(node, tlsPort);
                }
                return;
            } catch (IllegalStateException e) {
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    /** Where the others and the gateway find the node. */
    private int port(Redis node) {
        return tlsPorts.getOrDefault(node, node.port());
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
                node.clusterMeet(first.host(), port(first));
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
        String cluster = node.client().clusterInfo();
        // Where not every slot has to be served, a node that does not know all owners yet says ok too.
        return cluster.contains("cluster_state:ok")
                && cluster.contains("cluster_slots_ok:" + SlotHash.SLOT_COUNT)
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

    /** Users named {@code prefix-…} whose keys that master owns. */
    public List<String> users(String prefix, Redis master, int count) {
        return IntStream.range(0, 10_000)
                .mapToObj(i -> prefix + "-" + i)
                .filter(user -> owner(KeySpace.quota(user)) == master)
                .limit(count)
                .toList();
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
                            port(target),
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

    /** What the nodes have refused to the gateway since they were started, because a right was missing. */
    public List<String> refused() {
        return nodes.stream().flatMap(node -> RedisAcl.refused(node).stream()).toList();
    }

    @Override
    public Map<String, String> settings() {
        Map<String, String> settings = new HashMap<>();
        settings.put(
                "spring.data.redis.cluster.nodes",
                nodes.stream().map(node -> node.host() + ":" + port(node)).collect(Collectors.joining(",")));
        settings.put("spring.data.redis.username", RedisAcl.USER);
        settings.put("spring.data.redis.password", RedisAcl.PASSWORD);
        if (tls != null) {
            settings.put("spring.data.redis.ssl.bundle", "cluster");
            settings.put("spring.ssl.bundle.pem.cluster.truststore.certificate", "file:" + tls.certificate());
            settings.put("spring.ssl.bundle.pem.cluster.keystore.certificate", "file:" + tls.certificate());
            settings.put("spring.ssl.bundle.pem.cluster.keystore.private-key", "file:" + tls.key());
        }
        return settings;
    }

    @Override
    public RedisClusterClient newClient() {
        RedisClusterClient made = RedisClusterClient.create(nodes.stream()
                .map(node -> RedisURI.Builder.redis(node.host(), node.port())
                        .withAuthentication(RedisAcl.USER, RedisAcl.PASSWORD.toCharArray())
                        .build())
                .toList());
        ClusterClientOptions.Builder options = ClusterClientOptions.builder();
        options.disconnectedBehavior(ClientOptions.DisconnectedBehavior.REJECT_COMMANDS)
                .timeoutOptions(TimeoutOptions.enabled())
                .maintNotificationsConfig(MaintNotificationsConfig.disabled());
        made.setOptions(options.build());
        return made;
    }

    @Override
    public synchronized RedisClusterCommands<String, String> client() {
        if (connection == null) {
            client = RedisClusterClient.create(nodes.stream()
                    .map(node -> RedisURI.create(node.host(), node.port()))
                    .toList());
            connection = client.connect();
        }
        return connection.sync();
    }

    @Override
    public void freeze() {
        nodes.forEach(Redis::freeze);
    }

    @Override
    public void thaw() {
        nodes.forEach(Redis::thaw);
    }

    @Override
    public void kill() {
        nodes.forEach(Redis::kill);
    }

    @Override
    public void restart() {
        nodes.forEach(Redis::restart);
        awaitOk();
    }

    @Override
    public synchronized void close() {
        if (this == shared) {
            return;
        }
        if (client != null) {
            client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        }
        nodes.forEach(Redis::close);
    }
}
