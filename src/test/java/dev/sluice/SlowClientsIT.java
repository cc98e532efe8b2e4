package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.ByteClient.Answer;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.RawBackend;
import dev.sluice.testkit.Stack;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

/** Clients that take their time, over sockets, at an edge with short limits. */
class SlowClientsIT {

    private static final Duration NOW_AND_THEN = Duration.ofMillis(50);
    private static final String ROUTES = "spring.cloud.gateway.server.webflux.routes";

    private static RawBackend backend;
    private static Stack stack;

    @BeforeAll
    static void startAll() {
        backend = RawBackend.start();
        stack = Stack.start(
                "sluice.client.header-timeout",
                "1s",
                "sluice.client.body-timeout",
                "1s",
                "sluice.client.idle-timeout",
                "60s",
                "sluice.client.min-upload-rate",
                "4KB",
                "sluice.client.min-upload-window",
                "1s",
                ROUTES + "[0].id",
                "upload",
                ROUTES + "[0].uri",
                backend.url(),
                ROUTES + "[0].predicates[0]",
                "Path=/v1/upload/{bucket}/**",
                ROUTES + "[0].filters[0]",
                "Authenticate",
                ROUTES + "[0].filters[1]",
                "UploadIntent=path",
                ROUTES + "[0].filters[2]",
                "Quota=requests",
                ROUTES + "[0].filters[3]",
                "BucketAccess=write",
                ROUTES + "[0].filters[4]",
                "Quota=bytes",
                ROUTES + "[1].id",
                "sign",
                ROUTES + "[1].uri",
                "no://op",
                ROUTES + "[1].predicates[0]",
                "Path=/v1/supabase/signed-url",
                ROUTES + "[1].filters[0]",
                "Authenticate",
                ROUTES + "[1].filters[1]",
                "UploadIntent=body",
                ROUTES + "[1].filters[2]",
                "Quota=requests",
                ROUTES + "[1].filters[3]",
                "BucketAccess=write",
                ROUTES + "[1].filters[4]",
                "SupabaseSignedUrl=upload");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
        backend.close();
    }

    @BeforeEach
    void forget() {
        backend.forget();
    }

    @Test
    void refusesAHeadThatDoesNotComeToAnEnd() {
        try (ByteClient client = connect()) {
            client.send("GET /v1/nothing HTTP/1.1\r\nHost: edge\r\nX-Slow: ");
            client.trickle("a".repeat(10_000), NOW_AND_THEN);

            assertTooSlow(client.rest());
        }
    }

    @Test
    void refusesASecondHeadThatDoesNotComeToAnEnd() {
        try (ByteClient client = connect()) {
            client.send("GET /v1/nothing HTTP/1.1\r\nHost: edge\r\n\r\n");
            await().atMost(Duration.ofSeconds(60)).until(client::isAnswered);
            client.send("GET /v1/nothing HT");

            assertThat(client.rest().text())
                    .containsSubsequence("HTTP/1.1 404", "NOT_FOUND", "HTTP/1.1 408", "REQUEST_TIMEOUT");
        }
    }

    @Test
    void refusesABodyThatDoesNotComeToAnEnd() {
        String key = stack.user("body", 10);
        try (ByteClient client = connect()) {
            client.send("POST /v1/supabase/signed-url HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                    + "\r\nContent-Type: application/json\r\nContent-Length: 10000\r\n\r\n{\"filename\":");
            client.trickle(" ".repeat(10_000), NOW_AND_THEN);

            assertTooSlow(client.rest());
        }
    }

    @Test
    void endsAConnectionWhoseBodyGoesOnAfterTheAnswer() {
        try (ByteClient client = connect()) {
            client.send("POST /v1/nothing HTTP/1.1\r\nHost: edge\r\nContent-Length: 1000000\r\n\r\n");
            client.trickle("a".repeat(10_000), NOW_AND_THEN);

            Answer answer = client.rest();
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.count()).isEqualTo(1);
        }
    }

    @Test
    void refusesAnUploadBelowTheLeastRateAndGivesBackWhatDidNotPass() {
        String key = stack.user("slow", 10);
        try (ByteClient client = connect()) {
            client.send(upload(key, "slow.bin", 1_000_000));
            client.send("a".repeat(20_000));
            client.trickle("a".repeat(10_000), NOW_AND_THEN);

            assertTooSlow(client.rest());
        }
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() ->
                        assertThat(backend.aborted()).as("the backend was told").isEqualTo(1));
        assertThat(backend.requests()).isEmpty();
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(
                                stack.database()
                                        .number(
                                                "select count(*) from usage_events where user_id = 'slow' and kind in ('charge', 'refund')"))
                        .isEqualTo(2));
        assertThat(stack.current("slow")).as("requests").isEqualTo(1);
        assertThat(stack.database().number("select bytes_current from user_quotas where user_id = 'slow'"))
                .isBetween(20_000L, 30_000L);
    }

    @Test
    void takesAnUploadThatIsSlowAndSteady() {
        String key = stack.user("steady", 10);
        String part = "a".repeat(1_000);
        try (ByteClient client = connect()) {
            client.send(upload(key, "steady.bin", 50_000));
            Flux.interval(NOW_AND_THEN)
                    .take(50)
                    .publishOn(Schedulers.boundedElastic())
                    .doOnNext(tick -> client.send(part))
                    .blockLast(Duration.ofSeconds(60));
            await().atMost(Duration.ofSeconds(60)).until(client::isAnswered);

            assertThat(backend.requests()).hasSize(1);
            assertThat(backend.requests().get(0)).endsWith("\r\n\r\n" + "a".repeat(50_000));
        }
    }

    @Test
    void doesNotBlameTheClientForABackendThatDoesNotRead() {
        String key = stack.user("patient", 10);
        int length = 24 * 1024 * 1024;
        backend.leaveBodies();
        try (ByteClient client = connect()) {
            client.send(upload(key, "patient.bin", length));
            CompletableFuture<Void> sent = CompletableFuture.runAsync(() -> client.send(new byte[length]));
            await().atMost(Duration.ofSeconds(60)).until(() -> backend.begun() == 1);
            await().during(Duration.ofSeconds(3))
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> !client.isAnswered() && !sent.isDone());
            backend.readBodies();
            sent.join();
            await().atMost(Duration.ofSeconds(60)).until(client::isAnswered);

            assertThat(backend.requests()).hasSize(1);
            assertThat(backend.aborted()).isZero();
        } finally {
            backend.readBodies();
        }
    }

    @Test
    void closesAConnectionOnWhichNothingIsAsked() {
        try (Edge hasty = Edge.start(stack.redis(), stack.supabase(), "sluice.client.idle-timeout", "1s");
                ByteClient mute = ByteClient.connect(hasty.port());
                ByteClient done = ByteClient.connect(hasty.port())) {
            done.send("GET /v1/nothing HTTP/1.1\r\nHost: edge\r\n\r\n");

            assertThat(mute.rest().text()).isEmpty();
            assertThat(done.rest().count()).isEqualTo(1);
        }
    }

    private static ByteClient connect() {
        return ByteClient.connect(stack.edge().port());
    }

    private static String upload(String key, String name, int length) {
        return "PUT /v1/upload/avatars/" + name + " HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                + "\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static void assertTooSlow(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(408);
        assertThat(answer.count()).isEqualTo(1);
        assertThat(answer.header("Connection")).isEqualTo("close");
        assertThat(answer.json().path("success").booleanValue(true)).isFalse();
        assertThat(answer.json().path("code").asString()).isEqualTo("REQUEST_TIMEOUT");
        assertThat(answer.json().path("requestId").asString())
                .startsWith("sup_")
                .isEqualTo(answer.header("X-Request-Id"));
    }
}
