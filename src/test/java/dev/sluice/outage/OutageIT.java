package dev.sluice.outage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.supabase.DatabaseUnavailableException;
import dev.sluice.supabase.PostgRest;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.test.web.reactive.server.WebTestClient;

/** On the edges of outages: what must not be remembered of them, and the way back. */
class OutageIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    /** Entries of a stream that nobody asks for again are claimed after 30 s. */
    private static final Duration WELL_BEFORE_A_CLAIM = Duration.ofSeconds(20);

    /** Calls that a circuit looks back on. */
    private static final int WINDOW = 20;

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start(
                "sluice.redis.timeout", "1s",
                "sluice.supabase.timeout", "5s",
                "sluice.quota.default-limit", "5",
                "sluice.client-address.trusted-proxies", "127.0.0.1",
                "resilience4j.bulkhead.instances.postgrest.max-concurrent-calls", "16",
                "resilience4j.bulkhead.instances.postgrest-keys.max-concurrent-calls", "8",
                "sluice.operations.signed-url.memory", "1000/1m",
                "sluice.operations.signed-url.redis", "1000/1m");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void everythingIsBack() {
        stack.supabase().faults().clear();
        stack.redis().thaw();
        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(stack.health().json().path("status").asString())
                                .isEqualTo("UP"));
        String probe = stack.user("probe-" + System.nanoTime(), 100);
        await().atMost(SOON).until(() -> stack.sign(probe, "probe.png").status(), status -> status == 200);
    }

    @Test
    void admitsNoMoreThanTheLimitAfterChargesThroughTheDatabase() {
        String key = stack.user("fenced", 6);
        assertThat(stack.sign(key, "0.png").status()).isEqualTo(200);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.current("fenced")).isEqualTo(1));

        stack.redis().freeze();
        for (int i = 1; i <= 3; i++) {
            assertThat(stack.sign(key, i + ".png").status()).isEqualTo(200);
        }
        stack.redis().thaw();

        // What the frozen server had received it carries out now; until that is settled, it counts beside the
        // database's.
        AtomicInteger admitted = new AtomicInteger(4);
        await().atMost(WELL_BEFORE_A_CLAIM).pollInterval(Duration.ofMillis(250)).until(() -> {
            Answer answer = stack.sign(key, "again-" + System.nanoTime() + ".png");
            assertThat(answer.status()).as(answer.body()).isIn(200, 403);
            return (answer.status() == 200 ? admitted.incrementAndGet() : admitted.get()) == 6;
        });
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.current("fenced")).isEqualTo(6));
        assertThat(stack.sign(key, "seventh.png").code()).isEqualTo("QUOTA_EXCEEDED");
    }

    @Test
    void decidesByTheDatabaseWhileKeysThatNobodyKnowsAreLookedUp() {
        String key = stack.user("spent", 1);
        assertThat(stack.sign(key, "0.png").status()).isEqualTo(200);
        await().atMost(SOON).until(() -> stack.current("spent") == 1);
        stack.redis()
                .client()
                .keys("*:quota:spent")
                .forEach(ledger -> stack.redis().client().del(ledger));
        stack.supabase().faults().delay("rest.rpc.resolve_api_key", Duration.ofSeconds(1));
        HttpClient http =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

        List<CompletableFuture<Integer>> flood = IntStream.range(0, 40)
                .mapToObj(i -> HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/usage"))
                        .header("X-Forwarded-For", "203.0.113.7")
                        .header("X-API-Key", "sk_made_up_" + i)
                        .build())
                .map(request ->
                        http.sendAsync(request, BodyHandlers.discarding()).thenApply(HttpResponse::statusCode))
                .toList();
        await().atMost(SOON).until(() -> flood.stream().anyMatch(answer -> answer.getNow(0) == 503));

        assertThat(stack.sign(key, "1.png").code()).isEqualTo("QUOTA_EXCEEDED");
        assertThat(flood.stream().map(CompletableFuture::join)).containsOnly(401, 503);
    }

    @Test
    void remembersNoVerdictThatWasAnError() {
        String key = stack.user("unlucky", 10);
        assertThat(stack.sign(Map.of("X-API-Key", key), "0.png", "elsewhere").code())
                .isEqualTo("BUCKET_ACCESS_DENIED");

        stack.supabase().faults().status("rest.rpc.edge_facts", 500, "{}");
        Answer unknown = stack.sign(key, "1.png");
        stack.supabase().faults().clear();

        assertThat(unknown.status()).as(unknown.body()).isEqualTo(503);
        assertThat(unknown.code()).isEqualTo("ACCESS_CHECK_UNAVAILABLE");
        assertThat(unknown.header("Retry-After")).isNotEmpty();
        await().atMost(SOON).until(() -> stack.sign(key, "2.png").status(), status -> status == 200);
    }

    @Test
    void remembersNoVerdictThatWasAPolicy() {
        stack.supabase().createBucket("ungranted");
        String key = stack.user("lucky", 1000);
        Map<String, String> caller = Map.of("X-API-Key", key);
        try (Edge open = Edge.start(
                stack.redis(),
                stack.supabase(),
                "sluice.redis.timeout",
                "1s",
                "sluice.bucket-access.on-failure",
                "allow")) {
            WebTestClient client = open.client();
            sign(client, key).expectStatus().isOk();
            stack.supabase().faults().status("rest.rpc.edge_facts", 500, "{}");
            sign(client, key, "ungranted").expectStatus().isOk();
            stack.supabase().faults().clear();

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(
                                    stack.sign(caller, "a.png", "ungranted").code())
                            .isEqualTo("BUCKET_ACCESS_DENIED"));
            stack.redis().flushAll();
            stack.redis().freeze();

            sign(client, key, "ungranted").expectStatus().isForbidden();
        }
    }

    @Test
    void opensNoCircuitForWhatFailsInTheBackgroundOnly() {
        PostgRest database = stack.edge().bean(PostgRest.class);
        CircuitBreaker circuit = stack.edge().bean(CircuitBreakerRegistry.class).circuitBreaker("postgrest");
        ParameterizedTypeReference<Object> any = new ParameterizedTypeReference<>() {};
        stack.supabase().faults().status("rest.rpc.apply_usage", 503, "{}");
        for (int i = 0; i < 2 * WINDOW; i++) {
            assertThatThrownBy(() -> database.rpcInBackground("apply_usage", Map.of("p_events", List.of()), any)
                            .block(SOON))
                    .isInstanceOf(DatabaseUnavailableException.class);
        }
        assertThat(circuit.getState()).isEqualTo(CircuitBreaker.State.CLOSED);

        circuit.transitionToForcedOpenState();
        long calls = stack.supabase().calls("rest.rpc.apply_usage");
        try {
            assertThatThrownBy(() -> database.rpcInBackground("apply_usage", Map.of("p_events", List.of()), any)
                            .block(SOON))
                    .isInstanceOf(DatabaseUnavailableException.class);
        } finally {
            circuit.transitionToClosedState();
        }
        assertThat(stack.supabase().calls("rest.rpc.apply_usage")).isEqualTo(calls);
    }

    @Test
    void servesAUserWhoseRowSetsNothing() {
        stack.database().update("insert into user_quotas (user_id) values ('bare')");
        stack.grant("bare", Stack.BUCKET);
        String key = stack.supabase().createApiKey("bare", null);

        for (int i = 0; i < 5; i++) {
            assertThat(stack.sign(key, i + ".png").status())
                    .as("the default limit is 5")
                    .isEqualTo(200);
        }
        assertThat(stack.sign(key, "6.png").code()).isEqualTo("QUOTA_EXCEEDED");
    }

    @Test
    void startsAndServesWithoutRedisAndUsesItWhenItComes() {
        Redis late = Redis.start();
        late.kill();
        String key = stack.user("late", 100_000);
        try (Edge edge = Edge.start(
                late,
                stack.supabase(),
                "sluice.redis.timeout",
                "500ms",
                "sluice.operations.signed-url.memory",
                "100000/1m",
                "sluice.operations.signed-url.redis",
                "100000/1m")) {
            WebTestClient client = edge.client();
            sign(client, key).expectStatus().isOk();
            edge.management()
                    .get()
                    .uri("/actuator/health/readiness")
                    .exchange()
                    .expectStatus()
                    .isOk();

            late.restart();

            await().atMost(SOON).untilAsserted(() -> {
                sign(client, key).expectStatus().isOk();
                assertThat(late.client().keys("*quota*")).isNotEmpty();
            });
        } finally {
            late.close();
        }
    }

    private static WebTestClient.ResponseSpec sign(WebTestClient client, String key) {
        return sign(client, key, Stack.BUCKET);
    }

    private static WebTestClient.ResponseSpec sign(WebTestClient client, String key, String bucket) {
        return client.post()
                .uri("/v1/supabase/signed-url")
                .header("X-API-Key", key)
                .header("Content-Type", "application/json")
                .bodyValue("{\"filename\":\"a-" + System.nanoTime()
                        + ".png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + bucket + "\"}")
                .exchange();
    }
}
