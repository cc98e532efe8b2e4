package dev.sluice.outage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.ledger.Fences;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Link;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A request that goes past its own time for a Redis that is slow but well, and what is fenced for it. */
class RedisBudgetIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration BUDGET = Duration.ofMillis(1500);

    /** One call fits in the budget, two do not. */
    private static final Duration SLOW = Duration.ofMillis(900);

    private static final Pattern REDIS_MILLIS = Pattern.compile("redis;dur=([0-9.]+)");

    private static Link link;
    private static Stack stack;

    @BeforeAll
    static void startAll() {
        Redis redis = Redis.start();
        link = Link.to(redis.port());
        stack = Stack.start(
                redis,
                "spring.data.redis.url",
                "redis://127.0.0.1:" + link.port(),
                "sluice.redis.timeout",
                BUDGET.toMillis() + "ms");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
        link.close();
    }

    @AfterEach
    void heal() {
        link.delay(Duration.ZERO);
        stack.supabase().faults().clear();
    }

    @Test
    void aRequestPastItsBudgetFencesNothingAndItsReservationIsInTheLedgerAtOnce() {
        String key = userWhoseLedgerIsGone("late");
        List<String> before = fences();
        long reserved = stack.supabase().calls("rest.rpc.reserve_quota");
        link.delay(SLOW);

        Answer answer = stack.sign(key, "2.png");

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(stack.supabase().calls("rest.rpc.reserve_quota") - reserved).isEqualTo(1);
        assertThat(redisMillis(answer))
                .as("the facts are stored within the budget")
                .isBetween(BUDGET.toMillis() - 50.0, BUDGET.toMillis() + SLOW.toMillis() / 2.0);
        assertThat(dueFences()).isEmpty();
        assertThat(fences()).isEqualTo(before);
        await().atMost(SOON).untilAsserted(() -> assertThat(base("late")).isEqualTo("2"));
        link.delay(Duration.ZERO);
        assertThat(stack.sign(key, "3.png").status()).isEqualTo(200);
        assertThat(dueFences()).isEmpty();
        assertThat(fences()).isEqualTo(before);
    }

    @Test
    void aReservationThatItsLedgerCannotBeToldOfFencesItsPartition() {
        String key = userWhoseLedgerIsGone("untold");
        List<String> before = fences();
        long reserved = stack.supabase().calls("rest.rpc.reserve_quota");
        stack.supabase().faults().delay("rest.rpc.reserve_quota", Duration.ofMillis(500));
        link.delay(SLOW);

        CompletableFuture<Answer> answer = CompletableFuture.supplyAsync(() -> stack.sign(key, "2.png"));
        await().atMost(SOON).until(() -> stack.supabase().calls("rest.rpc.reserve_quota") > reserved);
        link.delay(BUDGET.multipliedBy(2));

        assertThat(answer.join().status()).isEqualTo(200);
        int partition = KeySpace.partition("untold");
        await().atMost(SOON).until(() -> !fences().get(partition).equals(before.get(partition)));
        link.delay(Duration.ZERO);
        awaitFenced();
        List<String> after = fences();
        assertThat(IntStream.range(0, KeySpace.PARTITIONS)
                        .filter(p -> !after.get(p).equals(before.get(p))))
                .containsExactly(partition);
    }

    @Test
    void aCircuitThatNoAdmissionSawOpenFencesEveryPartition() {
        awaitFenced();
        List<String> before = fences();

        stack.edge().bean(CircuitBreakerRegistry.class).circuitBreaker("redis").transitionToOpenState();

        await().atMost(SOON).untilAsserted(() -> assertThat(fences()).doesNotContainAnyElementsOf(before));
    }

    /** A key that this instance knows, of a user whose facts the next request has to read and store. */
    private static String userWhoseLedgerIsGone(String user) {
        String key = stack.user(user, 10);
        assertThat(stack.sign(key, "1.png").status()).isEqualTo(200);
        await().atMost(SOON)
                .until(() -> stack.current(user) == 1
                        && stack.redis().client().xlen(KeySpace.usage(KeySpace.partition(user))) == 0);
        awaitFenced();
        stack.redis().client().del(KeySpace.quota(user));
        return key;
    }

    private static void awaitFenced() {
        await().atMost(SOON).until(() -> dueFences().isEmpty());
    }

    private static List<Integer> dueFences() {
        Fences fences = stack.edge().bean(Fences.class);
        return IntStream.range(0, KeySpace.PARTITIONS)
                .filter(fences::isDue)
                .boxed()
                .toList();
    }

    private static List<String> fences() {
        return IntStream.range(0, KeySpace.PARTITIONS)
                .mapToObj(p -> stack.redis().client().get(KeySpace.fence(p)))
                .toList();
    }

    private static String base(String user) {
        return stack.redis().client().hget(KeySpace.quota(user), "base");
    }

    private static double redisMillis(Answer answer) {
        Matcher found = REDIS_MILLIS.matcher(answer.header("Server-Timing"));
        assertThat(found.find()).as(answer.header("Server-Timing")).isTrue();
        return Double.parseDouble(found.group(1));
    }
}
