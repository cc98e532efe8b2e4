package dev.sluice.outage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.github.resilience4j.circuitbreaker.CircuitBreaker.State;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** That nobody waits longer than the layers' deadlines while one of them hangs. */
class DeadlinesIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration REDIS_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration SUPABASE_TIMEOUT = Duration.ofSeconds(3);

    /** Of a busy machine, beside what the deadlines add up to. */
    private static final Duration ROOM = Duration.ofSeconds(15);

    private static final int BULKHEAD = 256;

    /** Calls that may follow those that timed out first, until these have opened the circuit. */
    private static final int CIRCUIT = 20;

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start(
                "sluice.redis.timeout",
                REDIS_TIMEOUT.toMillis() + "ms",
                "sluice.supabase.timeout",
                SUPABASE_TIMEOUT.toMillis() + "ms",
                "sluice.operations.signed-url.memory",
                "10000/1m",
                "sluice.operations.signed-url.redis",
                "10000/1m");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void heal() {
        stack.supabase().faults().clear();
        stack.redis().thaw();
    }

    @Test
    void aFrozenRedisCostsItsTimeoutUntilTheCircuitOpensAndThenNothing() {
        String key = stack.user("frozen", 1000);
        assertThat(stack.sign(key, "first.png").status()).isEqualTo(200);

        stack.redis().freeze();
        while (circuit() != State.OPEN) {
            assertThat(took(() -> stack.sign(key, "waits.png")))
                    .isLessThan(REDIS_TIMEOUT.multipliedBy(2).plus(ROOM));
        }
        List<Duration> open = IntStream.range(0, 21)
                .mapToObj(i -> took(() -> stack.sign(key, "open.png")))
                .sorted()
                .toList();

        assertThat(open.get(open.size() / 2)).isLessThan(REDIS_TIMEOUT.dividedBy(2));
        assertThat(circuit()).as("no request has to try").isEqualTo(State.OPEN);
        stack.redis().thaw();
        await().atMost(SOON).until(() -> circuit() == State.CLOSED);
    }

    @Test
    void aFrozenStorageCostsItsTimeoutAndHoldsNoMoreThanItsBulkhead() {
        String key = stack.user("bulk", 100_000);
        assertThat(stack.sign(key, "first.png").status()).isEqualTo(200);
        long before = stack.supabase().calls("storage.sign-upload");
        stack.supabase().faults().hang("storage");
        ExecutorService callers = Executors.newFixedThreadPool(2 * BULKHEAD);

        List<CompletableFuture<Answer>> answers = new ArrayList<>();
        long started = System.nanoTime();
        for (int i = 0; i < 2 * BULKHEAD; i++) {
            answers.add(CompletableFuture.supplyAsync(() -> stack.sign(key, "many.png"), callers));
        }
        List<Answer> all = answers.stream().map(CompletableFuture::join).toList();

        assertThat(Duration.ofNanos(System.nanoTime() - started))
                .isLessThan(SUPABASE_TIMEOUT.multipliedBy(2).plus(ROOM));
        assertThat(all).extracting(Answer::code).containsOnly("SUPABASE_ERROR");
        assertThat(all).extracting(Answer::status).contains(503, 504).doesNotContain(502);
        assertThat(stack.supabase().calls("storage.sign-upload") - before).isBetween(1L, (long) BULKHEAD + CIRCUIT);
        callers.shutdown();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.current("bulk")).isEqualTo(1));
    }

    private static State circuit() {
        return stack.edge()
                .bean(CircuitBreakerRegistry.class)
                .circuitBreaker("redis")
                .getState();
    }

    private static Duration took(Supplier<Answer> ask) {
        long started = System.nanoTime();
        Answer answer = ask.get();
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return Duration.ofNanos(System.nanoTime() - started);
    }
}
