package dev.sluice.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisCluster;
import io.lettuce.core.cluster.RedisClusterClient;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;

/** Usage events while one master of a real Redis Cluster hangs, and nobody takes its place. */
class DeadMasterIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static UsageBench bench;
    private static RedisCluster cluster;
    private static Redis dying;
    private static RedisClusterClient client;
    private static ScheduledExecutorService connector;
    private static RedisConnection connection;

    private final List<UsageEvent> overflow = new CopyOnWriteArrayList<>();
    private UsageStream stream;
    private UsageBacklog backlog;
    private EventWriter writer;

    @BeforeAll
    static void startServers() {
        bench = new UsageBench();
        cluster = RedisCluster.start("cluster-require-full-coverage no");
        dying = cluster.nodes().get(1);
        client = RedisClusterClient.create(cluster.nodes().get(0).uri());
        connector = new ScheduledThreadPoolExecutor(1);
        connection = new RedisConnection(client, Duration.ofSeconds(1), call -> call, connector);
        await().atMost(SOON).until(connection::isConnected);
    }

    @AfterAll
    static void stopServers() {
        connection.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        connector.shutdownNow();
        cluster.close();
        bench.close();
    }

    /** For its writer no time passes: a server that it leaves alone it leaves alone to the end. */
    @BeforeEach
    void makeInstance() {
        stream = new UsageStream(connection, "one");
        backlog = new UsageBacklog(
                stream,
                new Leases(connection, "one"),
                Clock.systemUTC(),
                WorkerInstance.properties(100),
                Schedulers.parallel(),
                new SimpleMeterRegistry());
        writer = new EventWriter(
                stream,
                backlog,
                new UsageDatabase(bench.postgRest),
                events -> Mono.fromRunnable(() -> overflow.addAll(events)),
                new RowTakeover(new Ledger(connection, new Fences(), bench.settings), new Fences()),
                () -> 0);
    }

    @AfterEach
    void thaw() {
        dying.thaw();
        cluster.awaitOk();
        cluster.nodes().forEach(Redis::flushAll);
    }

    @Test
    void theCountTellsThePartitionsOfTheOtherMastersApart() {
        int dead = partition(node -> node == dying, 0);
        int live = partition(node -> node != dying, 0);
        add(live);
        backlog.sample().block(SOON);
        assertThat(backlog.isAnswering(dead)).isTrue();
        long recoveries = backlog.recoveries();
        add(live);

        dying.freeze();
        backlog.sample().block(SOON);

        assertThat(backlog.isAnswering(dead)).isFalse();
        assertThat(backlog.isAnswering(live)).isTrue();
        assertThat(backlog.byPartition().get(live)).isEqualTo(2);
        dying.thaw();
        await().atMost(SOON).until(() -> {
            backlog.sample().block(SOON);
            return backlog.isAnswering(dead);
        });
        assertThat(backlog.recoveries()).isGreaterThan(recoveries);
    }

    @Test
    void whatItDoesNotTakeGoesToTheDatabaseAndTheRestToTheStreams() {
        int dead = partition(node -> node == dying, 0);
        int alsoDead = partition(node -> node == dying, 1);
        int live = partition(node -> node != dying, 0);
        dying.freeze();

        writer.write(List.of(bench.outcome(user(dead), true), bench.outcome(user(live), true)))
                .block(SOON);
        writer.write(List.of(bench.outcome(user(alsoDead), true), bench.outcome(user(live), true)))
                .block(SOON);

        assertThat(length(live)).isEqualTo(2);
        assertThat(bench.requests(user(live))).isZero();
        assertThat(bench.requests(user(dead))).isEqualTo(1);
        assertThat(bench.requests(user(alsoDead))).isEqualTo(1);
        dying.thaw();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(length(dead)).as("asked").isEqualTo(1));
        assertThat(length(alsoDead)).as("its server was left alone").isZero();
        assertThat(overflow).isEmpty();
    }

    /** Entries of each lane's were read before the master hung, and are applied but not acknowledged when it does. */
    @Test
    void theWorkerGoesOnWithThePartitionsOfTheOtherMasters() {
        List<Integer> dead = ofEachLane(node -> node == dying);
        List<Integer> live = ofEachLane(node -> node != dying);
        List<Long> before = requests(dead);
        dead.forEach(this::add);
        bench.supabase.forgetCalls();
        bench.supabase.faults().delay("rest.rpc.apply_usage", Duration.ofMillis(700));
        Ledger ledger = new Ledger(connection, new Fences(), bench.settings);
        try (WorkerInstance one = new WorkerInstance(
                bench, connection, ledger, WorkerInstance.properties(100), Duration.ofMinutes(5), 10)) {
            one.backlog.start();
            one.started();
            await().atMost(SOON).until(() -> bench.supabase.calls("rest.rpc.apply_usage") > 0);
            dying.freeze();
            bench.supabase.faults().clear();
            for (int times = 0; times < 3; times++) {
                live.forEach(this::add);
                await().atMost(SOON).until(() -> live.stream().allMatch(partition -> length(partition) == 0));
            }

            dying.thaw();
            await().atMost(SOON).until(() -> dead.stream().allMatch(partition -> length(partition) == 0));
        } finally {
            bench.supabase.faults().clear();
        }
        assertThat(requests(dead))
                .as("counted once")
                .isEqualTo(before.stream().map(count -> count + 1).toList());
    }

    private static List<Long> requests(List<Integer> partitions) {
        return partitions.stream()
                .map(partition -> bench.requests(user(partition)))
                .toList();
    }

    /** The last ones, since the other tests take the first. */
    private static List<Integer> ofEachLane(Predicate<Redis> owner) {
        return IntStream.range(0, UsageWorker.LANES)
                .map(lane -> IntStream.range(0, KeySpace.PARTITIONS)
                        .filter(p -> UsageWorker.lane(p) == lane && owner.test(cluster.owner(KeySpace.usage(p))))
                        .reduce((earlier, later) -> later)
                        .orElseThrow())
                .boxed()
                .toList();
    }

    private void add(int partition) {
        stream.add(bench.outcome(user(partition), true)).block(SOON);
    }

    /** By the connection: the testkit would ask the master that hangs whose the partition is. */
    private long length(int partition) {
        return Objects.requireNonNull(stream.length(partition).block(SOON));
    }

    private static int partition(Function<Redis, Boolean> owner, int skip) {
        return IntStream.range(0, KeySpace.PARTITIONS)
                .filter(p -> owner.apply(cluster.owner(KeySpace.usage(p))))
                .skip(skip)
                .findFirst()
                .orElseThrow();
    }

    private static String user(int partition) {
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> "user-" + i)
                .filter(user -> KeySpace.partition(user) == partition)
                .findFirst()
                .orElseThrow();
    }
}
