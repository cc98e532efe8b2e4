package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.reconcile.Janitor;
import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.reconcile.ReconcileReport;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.lettuce.core.cluster.RedisClusterClient;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import tools.jackson.databind.JsonNode;

/** The whole edge on a real Redis Cluster of three masters, which it reaches by TLS alone, as the Redis user that the docs name. */
class ClusterIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static final String TOKEN = "management-token-of-this-test";

    private static RedisCluster cluster;
    private static Stack stack;

    @BeforeAll
    static void startAll() {
        cluster = RedisCluster.startTls();
        stack = Stack.start(
                cluster,
                "sluice.redis.timeout",
                "10s",
                "sluice.operations.signed-url.memory",
                "100000/1m",
                "sluice.operations.signed-url.redis",
                "100000/1m",
                "sluice.plans.slow.operations.signed-url.redis",
                "5/1m",
                "sluice.management.token",
                TOKEN);
    }

    @AfterAll
    static void stopAll() {
        List<String> refused = cluster.refused();
        stack.close();
        assertThat(refused).as("rights that the docs forget").isEmpty();
    }

    @Test
    void signsAndRecordsOnEveryMaster() {
        Map<String, String> keys = new HashMap<>();
        for (Redis master : cluster.nodes()) {
            List<String> users = cluster.users("main", master, 4);
            users.forEach(user -> keys.put(user, stack.user(user, 10)));
        }

        keys.values()
                .forEach(key -> IntStream.range(0, 3).forEach(i -> {
                    Answer answer = stack.sign(key, i + ".png");
                    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
                    assertThat(answer.header("RateLimit-Policy")).contains("\"signed-url\";q=100000;w=60");
                }));

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(keys.keySet())
                        .allSatisfy(user -> assertThat(stack.current(user)).isEqualTo(3)));
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(
                                stack.database()
                                        .number(
                                                "select coalesce(sum(requests), 0) from request_metrics where user_id like 'main-%'"))
                        .isEqualTo(36));
        assertThat(admittedBy("database")).isZero();
    }

    @Test
    void hearsForTheConsoleOfInstancesOnEveryMaster() {
        RedisConnection redis = stack.edge().bean(RedisConnection.class);
        for (int i = 0; i < 8; i++) {
            String id = "other-" + i;
            String report = """
                    {"id":"%1$s","name":"%1$s","startedAt":0,"windowSeconds":1,"series":[],"gauges":{},"circuits":{},
                    "routes":{"fingerprint":"","count":0},"runs":[]}""".formatted(id);
            redis.call(commands -> commands.psetex(KeySpace.instance(id), 15_000, report))
                    .then(redis.call(commands -> commands.zadd(KeySpace.instances(), System.currentTimeMillis(), id)))
                    .block(SOON);
        }

        JsonNode console = stack.send(HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + stack.edge().managementPort() + "/actuator/console"))
                        .header("Authorization", "Bearer " + TOKEN)
                        .build())
                .json();

        assertThat(console.path("alone").booleanValue()).isFalse();
        assertThat(console.path("instances").size()).isEqualTo(9);
    }

    @Test
    void admitsExactlyTheQuotaOfUsersOnEveryMaster() {
        List<CompletableFuture<Answer>> answers = new ArrayList<>();
        List<String> users = new ArrayList<>();
        for (Redis master : cluster.nodes()) {
            String user = cluster.users("exact", master, 1).get(0);
            String key = stack.user(user, 20);
            users.add(user);
            IntStream.range(0, 40)
                    .forEach(i ->
                            answers.add(CompletableFuture.supplyAsync(() -> stack.sign(key, "exact-" + i + ".png"))));
        }

        assertThat(answers)
                .allSatisfy(answer -> assertThat(answer.join().status()).isIn(200, 403))
                .filteredOn(answer -> answer.join().status() == 200)
                .hasSize(60);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(users)
                        .allSatisfy(user -> assertThat(stack.current(user)).isEqualTo(20)));
    }

    @Test
    void holdsTheRateLimit() {
        stack.user("hasty", 100);
        String key = stack.supabase().createApiKey("hasty", "slow");

        for (int i = 0; i < 5; i++) {
            assertThat(stack.sign(key, i + ".png").status()).isEqualTo(200);
        }
        Answer refused = stack.sign(key, "5.png");

        assertThat(refused.code()).isEqualTo("RATE_LIMIT_REDIS");
        assertThat(refused.json().path("current").longValue()).isEqualTo(5);
    }

    @Test
    void resumesFromTheDatabaseWhenOneMasterWasEmptied() {
        Redis emptied = cluster.nodes().get(1);
        String user = cluster.users("emptied", emptied, 1).get(0);
        String other = cluster.users("spared", cluster.nodes().get(2), 1).get(0);
        String key = stack.user(user, 3);
        String otherKey = stack.user(other, 3);
        for (int i = 0; i < 2; i++) {
            assertThat(stack.sign(key, i + ".png").status()).isEqualTo(200);
            assertThat(stack.sign(otherKey, i + ".png").status()).isEqualTo(200);
        }
        await().atMost(SOON).until(() -> stack.current(user) == 2 && stack.current(other) == 2);

        emptied.flushAll();

        assertThat(stack.sign(key, "2.png").status()).isEqualTo(200);
        assertThat(stack.sign(key, "3.png").code()).isEqualTo("QUOTA_EXCEEDED");
        assertThat(stack.sign(otherKey, "2.png").status()).isEqualTo(200);
        assertThat(stack.sign(otherKey, "3.png").code()).isEqualTo("QUOTA_EXCEEDED");
        await().atMost(SOON).untilAsserted(() -> assertThat(stack.current(user)).isEqualTo(3));
    }

    @Test
    void reconcilesAndSweepsAllMasters() {
        Set<String> users = new HashSet<>();
        for (Redis master : cluster.nodes()) {
            String user = cluster.users("drift", master, 1).get(0);
            users.add(user);
            assertThat(stack.sign(stack.user(user, 100), "1.png").status()).isEqualTo(200);
            master.client().hset(KeySpace.rate(user, "left-behind", 60), "1", "1");
        }
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(users)
                        .allSatisfy(user -> assertThat(stack.current(user)).isEqualTo(1)));
        users.forEach(user -> stack.database().update("update user_quotas set current = 40 where user_id = ?", user));

        ReconcileReport report = Objects.requireNonNull(
                stack.edge().bean(ReconcileJob.class).run(false).block(SOON));
        Long swept = stack.edge().bean(Janitor.class).sweep().block(SOON);

        assertThat(report.outcome()).isEqualTo(ReconcileReport.Outcome.COMPLETED);
        assertThat(report.users()).isGreaterThanOrEqualTo(3);
        assertThat(users)
                .allSatisfy(user -> assertThat(
                                cluster.owner(KeySpace.quota(user)).client().hget(KeySpace.quota(user), "base"))
                        .isEqualTo("40"));
        assertThat(swept).isEqualTo(3);
    }

    /** Enforcement stays exact, though for a while the keys of one script are on two masters. */
    @Test
    void movesSlotsUnderLoadWithoutAFailureAndWithoutOneChargeTooManyOrTooFew() {
        Redis source = cluster.nodes().get(0);
        Redis target = cluster.nodes().get(1);
        List<String> users = cluster.users("moved", source, 6);
        Map<String, String> keys = new HashMap<>();
        users.forEach(user -> keys.put(user, stack.user(user, user.equals(users.get(0)) ? 60 : 100_000)));
        Load load = Load.start(stack, keys, 8);
        await().atMost(SOON).until(() -> load.answered() > 50);
        double before = admittedBy("database");

        Set<Integer> partitions = new HashSet<>();
        for (String user : users) {
            if (partitions.add(KeySpace.partition(user))) {
                long refused = RedisCluster.errors(target, "TRYAGAIN");
                cluster.moveSlot(
                        KeySpace.quota(user),
                        target,
                        () -> await().atMost(SOON).until(() -> RedisCluster.errors(target, "TRYAGAIN") > refused + 3));
                assertThat(cluster.owner(KeySpace.quota(user))).isSameAs(target);
            }
        }
        int moved = load.answered();
        await().atMost(SOON).until(() -> load.answered() > moved + 50 && load.admitted(users.get(0)) >= 60);
        load.stop();

        assertThat(partitions).hasSizeGreaterThan(2);
        assertThat(load.failures()).isEmpty();
        assertThat(load.admitted(users.get(0))).as("the limit").isEqualTo(60);
        assertThat(admittedBy("database") - before)
                .as("charges that could not wait for the move")
                .isZero();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(users)
                        .allSatisfy(user -> assertThat(stack.current(user)).isEqualTo(load.admitted(user))));
    }

    /** Connections that only ask for the topology come and go; were they a loss, every user's facts would be read anew. */
    @Test
    void looksAtTheTopologyWithoutFencingAnything() {
        List<String> fences = IntStream.range(0, KeySpace.PARTITIONS)
                .mapToObj(KeySpace::fence)
                .toList();
        await().atMost(SOON)
                .until(() -> fences.stream()
                        .allMatch(fence -> cluster.owner(fence).client().exists(fence) == 1));
        List<String> before = values(fences);

        RedisClusterClient client = (RedisClusterClient)
                stack.edge().bean(LettuceConnectionFactory.class).getRequiredNativeClient();
        client.refreshPartitions();

        await().during(Duration.ofMillis(1500))
                .atMost(SOON)
                .until(() -> values(fences).equals(before));
    }

    private static List<String> values(List<String> keys) {
        return keys.stream()
                .map(key -> String.valueOf(cluster.owner(key).client().get(key)))
                .toList();
    }

    private static double admittedBy(String source) {
        return stack.edge().bean(MeterRegistry.class).find("sluice.admission").tag("source", source).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }
}
