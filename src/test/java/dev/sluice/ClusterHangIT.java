package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.RedisKind;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** One master of a Cluster hangs, has no replica that could take its place, and goes on where it was. */
class ClusterHangIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration REDIS_TIMEOUT = Duration.ofSeconds(2);

    /** What a request may take beside its Redis budget, on a machine that has much else to do. */
    private static final Duration REST = Duration.ofSeconds(10);

    private static final int BEFORE = 6;
    private static final int MEANWHILE = 2;

    @Test
    void sparesTheUsersOfTheOtherMastersAndChargesItsOwnInTheDatabase() {
        RedisCluster cluster = (RedisCluster) RedisKind.CLUSTER.start();
        try (Stack stack = Stack.start(
                cluster,
                "sluice.redis.timeout",
                REDIS_TIMEOUT.toMillis() + "ms",
                "sluice.operations.signed-url.memory",
                "100000/1m")) {
            Redis hanging = cluster.nodes().get(1);
            Map<String, String> there = keys(stack, cluster.users("there", hanging, 2));
            Map<String, String> elsewhere = keys(
                    stack,
                    Stream.of(0, 2)
                            .flatMap(i ->
                                    cluster.users("elsewhere", cluster.nodes().get(i), 2).stream())
                            .toList());
            repeat(BEFORE, there, key -> assertAdmitted(stack, key));
            repeat(BEFORE, elsewhere, key -> assertAdmitted(stack, key));
            double byDatabase = admittedBy(stack, "database");

            hanging.freeze();
            try {
                for (String key : there.values()) {
                    repeat(MEANWHILE, elsewhere, other -> assertAdmitted(stack, other));
                    assertThat(admittedBy(stack, "database"))
                            .as("before a user of the one that hangs")
                            .isEqualTo(byDatabase);
                    assertAdmitted(stack, key);
                    byDatabase++;
                    assertThat(admittedBy(stack, "database"))
                            .as("by the database")
                            .isEqualTo(byDatabase);
                }
                repeat(MEANWHILE, elsewhere, other -> assertAdmitted(stack, other));
                assertThat(admittedBy(stack, "database"))
                        .as("after users of the one that hangs")
                        .isEqualTo(byDatabase);
            } finally {
                hanging.thaw();
            }

            await().atMost(SOON).untilAsserted(() -> {
                assertThat(there.keySet())
                        .allSatisfy(user -> assertThat(stack.current(user)).isEqualTo(BEFORE + 1));
                assertThat(elsewhere.keySet())
                        .allSatisfy(user -> assertThat(stack.current(user)).isEqualTo(BEFORE + 3 * MEANWHILE));
            });
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(there.keySet()).allSatisfy(user -> {
                        Map<String, String> ledger = cluster.client().hgetall(KeySpace.quota(user));
                        assertThat(ledger.getOrDefault("pending", "0")).isEqualTo("0");
                    }));
            double byRedis = admittedBy(stack, "redis");
            repeat(1, there, key -> assertAdmitted(stack, key));
            assertThat(admittedBy(stack, "redis") - byRedis)
                    .as("by Redis again")
                    .isEqualTo(there.size());
            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(there.keySet())
                            .allSatisfy(user -> assertThat(stack.current(user)).isEqualTo(BEFORE + 2)));
            assertThat(cluster.refused()).as("rights that the docs forget").isEmpty();
        }
    }

    private static Map<String, String> keys(Stack stack, List<String> users) {
        return users.stream().collect(Collectors.toMap(user -> user, user -> stack.user(user, 100)));
    }

    private static void repeat(int times, Map<String, String> keys, Consumer<String> request) {
        IntStream.range(0, times).forEach(i -> keys.values().forEach(request));
    }

    private static void assertAdmitted(Stack stack, String key) {
        long begun = System.nanoTime();
        Answer answer = stack.sign(key, "a.png");
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(REDIS_TIMEOUT.plus(REST));
    }

    private static double admittedBy(Stack stack, String source) {
        return stack.edge().bean(MeterRegistry.class).find("sluice.admission").tag("source", source).counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }
}
