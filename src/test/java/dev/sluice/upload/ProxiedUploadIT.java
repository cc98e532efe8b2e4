package dev.sluice.upload;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.DepartingClient;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Uploads through the edge to storage, and what they are refused for. */
class ProxiedUploadIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int PATIENT = 60_000;
    private static final int LARGE = 20 * 1024 * 1024;
    private static final Path SPOOL =
            Path.of("target", "spool", UUID.randomUUID().toString());

    private static Stack stack;

    @BeforeAll
    static void start() {
        stack = Stack.start(
                "sluice.operations.upload.memory", "100000/1m",
                "sluice.operations.upload.redis", "100000/1m",
                "sluice.operations.upload.max-size", "30MB",
                "sluice.upload.max-concurrent", "2",
                "sluice.upload.max-bytes-in-flight", "25MB",
                "sluice.upload.max-bytes-in-flight-per-instance", "40MB",
                "sluice.upload.lease", "5s",
                "sluice.upload.unknown-length", "spool",
                "sluice.upload.spool-directory", SPOOL.toString(),
                "sluice.upload.max-spool-size", "1MB");
        stack.supabase().createBucket("limited", false, 1_000L, "image/png");
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    @AfterEach
    void nothingIsLeft() {
        stack.supabase().faults().clear();
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(gauge("sluice.upload.in_flight")).isZero();
            assertThat(gauge("sluice.upload.bytes_in_flight")).isZero();
            assertThat(gauge("sluice.upload.spooled")).isZero();
            assertThat(stack.redis().client().keys("*:inflight:*")).isEmpty();
        });
        assertThat(SPOOL).isEmptyDirectory();
    }

    // Refused before the body.

    @Test
    void asksForTheBodyOnlyOfAnUploadThatIsAdmitted() throws IOException {
        String key = stack.user("expecting", 100);
        try (DepartingClient client = DepartingClient.connect(stack.edge().port())) {
            client.send(head(key, "expecting.png", 5, "Expect: 100-continue\r\n"))
                    .read("HTTP/1.1 100 Continue\r\n\r\n".length());
            assertThat(client.send("pixel").answer(PATIENT).is(200)).isTrue();
        }
        assertThat(requireNonNull(stack.supabase().lastRequest("storage.upload"))
                        .headers()
                        .toString()
                        .toLowerCase(Locale.ROOT))
                .doesNotContain("100-continue");
    }

    @Test
    void refusesAnUploadFromItsHeadersAndDoesNotReadIt() {
        String key = stack.user("spent", 0);
        double avoided = avoided();
        long calls = stack.supabase().calls("storage.upload");

        try (ByteClient client = ByteClient.connect(stack.edge().port())) {
            client.send(head(key, "spent.png", LARGE, "Expect: 100-continue\r\n"));
            ByteClient.Answer answer = client.rest();
            assertThat(answer.status()).as(answer.text()).isEqualTo(403);
            assertThat(answer.header("Connection")).isEqualTo("close");
            assertThat(answer.count()).as("no 100 before it").isEqualTo(1);
        }
        try (ByteClient client = ByteClient.connect(stack.edge().port())) {
            client.send(head(key, "spent.png", LARGE, ""));
            client.send(new byte[100_000]);
            assertThat(client.rest().status())
                    .as("also where the client did not wait")
                    .isEqualTo(403);
        }
        assertThat(avoided() - avoided).isEqualTo(2.0 * LARGE);
        assertThat(stack.supabase().calls("storage.upload")).isEqualTo(calls);
    }

    @Test
    void keepsTheConnectionOfARefusedUploadOfWhichLittleIsLeft() {
        String key = stack.user("little", 0);

        try (ByteClient client = ByteClient.connect(stack.edge().port())) {
            client.send(head(key, "little.png", 10_000, ""));
            await().atMost(SOON).until(client::isAnswered);
            client.send("a".repeat(10_000));
            client.send("GET /v1/nothing HTTP/1.1\r\nHost: edge\r\nConnection: close\r\n\r\n");

            assertThat(client.rest().text()).containsSubsequence("HTTP/1.1 403", "HTTP/1.1 404");
        }
    }

    @Test
    void tellsTheMostThatMayBeUploaded() {
        String key = stack.user("asking", 100);
        Answer answer = stack.send(request(key, "asking.png")
                .method("OPTIONS", BodyPublishers.noBody())
                .build());

        assertThat(answer.status()).isEqualTo(204);
        assertThat(answer.header("Upload-Limit")).isEqualTo("max-size=" + (30 << 20));
        assertThat(answer.header("Allow")).contains("PUT", "DELETE");
        assertThat(put(key, "asking.png", (30 << 20) + 1).status()).isEqualTo(413);
    }

    // What storage refuses.

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "409 | Duplicate | The resource already exists | 409 | OBJECT_EXISTS",
                "404 | not_found | Object not found | 404 | OBJECT_NOT_FOUND",
                "404 | Bucket not found | Bucket not found | 404 | BUCKET_NOT_FOUND",
                "413 | Payload too large | The object exceeded the maximum allowed size | 413 | PAYLOAD_TOO_LARGE",
                "415 | invalid_mime_type | mime type X is not supported | 415 | UNSUPPORTED_MEDIA_TYPE",
                "403 | Unauthorized | new row violates row-level security policy | 403 | BUCKET_ACCESS_DENIED",
                "500 | DatabaseError | database error | 502 | SUPABASE_ERROR",
                "503 | SlowDown | busy | 503 | SUPABASE_ERROR",
                "429 | SlowDown | busy | 503 | SUPABASE_ERROR"
            })
    void saysWhatStorageRefuses(String statusCode, String error, String message, int status, String code) {
        String key = stack.user("refused-" + UUID.randomUUID(), 100);
        stack.supabase()
                .faults()
                .status(
                        "storage.upload",
                        400,
                        "{\"statusCode\":\"" + statusCode + "\",\"error\":\"" + error + "\",\"message\":\"" + message
                                + "\"}");

        assertRefused(put(key, "refused.png", 5), status, code);
    }

    @Test
    void saysWhatStorageReallyRefusesAndGivesItBack() {
        String key = stack.user("really", 100);
        stack.grant("really", "limited");
        stack.grant("really", "missing");
        assertThat(put(key, "really.png", 5).status()).isEqualTo(200);

        assertRefused(
                stack.send(request(key, "really.png")
                        .POST(BodyPublishers.ofByteArray(new byte[5]))
                        .build()),
                409,
                "OBJECT_EXISTS");
        assertRefused(stack.send(request(key, "absent.png").DELETE().build()), 404, "OBJECT_NOT_FOUND");
        assertRefused(
                stack.send(requestTo(key, "missing/a.png")
                        .PUT(BodyPublishers.ofByteArray(new byte[5]))
                        .build()),
                404,
                "BUCKET_NOT_FOUND");
        assertRefused(
                stack.send(requestTo(key, "limited/a.png")
                        .PUT(BodyPublishers.ofByteArray(new byte[1_001]))
                        .build()),
                413,
                "PAYLOAD_TOO_LARGE");
        assertRefused(
                stack.send(requestTo(key, "limited/a.txt")
                        .setHeader("Content-Type", "text/plain")
                        .PUT(BodyPublishers.ofByteArray(new byte[5]))
                        .build()),
                415,
                "UNSUPPORTED_MEDIA_TYPE");
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(stack.database()
                            .number("select count(*) from usage_events where kind = 'refund' and user_id = 'really'"))
                    .isEqualTo(5);
            assertThat(stack.current("really")).isEqualTo(1);
            assertThat(stack.database().number("select bytes_current from user_quotas where user_id = 'really'"))
                    .isEqualTo(5);
        });
    }

    @Test
    void readsNoMoreOfAnErrorThanItsBeginning() {
        String key = stack.user("endless", 100);
        stack.supabase().faults().status("storage.upload", 502, "<html>" + "x".repeat(5 * StorageAnswers.MOST_BYTES));

        assertRefused(put(key, "endless.png", 5), 502, "SUPABASE_ERROR");
    }

    // In flight.

    @Test
    void letsSoManyUploadsOfOneUserBeInFlight() throws IOException {
        String key = stack.user("busy", 100);
        String idle = stack.user("idle", 100);
        try (DepartingClient one = begin(key, "busy-1.png", 10);
                DepartingClient two = begin(key, "busy-2.png", 10)) {
            Answer third = put(key, "busy-3.png", 5);
            assertRefused(third, 429, "TOO_MANY_IN_FLIGHT");
            assertThat(third.json().path("limit").asLong()).isEqualTo(2);
            assertThat(third.json().path("unit").asString()).isEqualTo("uploads");
            assertThat(third.header("Retry-After")).isNotEmpty();
            assertThat(put(idle, "idle.png", 5).status()).as("another user").isEqualTo(200);
            two.reset();
            await().atMost(SOON).until(() -> put(key, "busy-3.png", 5).status(), status -> status == 200);
            assertThat(one.send(new byte[9]).answer(PATIENT).is(200)).isTrue();
        }
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.current("busy"))
                        .as("the refused ones cost nothing")
                        .isEqualTo(3));
    }

    @Test
    void letsSoManyBytesOfOneUserAndOfAllBeInFlight() throws IOException {
        String key = stack.user("heavy", 100);
        String other = stack.user("other", 100);
        try (DepartingClient one = begin(key, "heavy-1.png", LARGE)) {
            Answer second = put(key, "heavy-2.png", 6 << 20);
            assertRefused(second, 429, "TOO_MANY_IN_FLIGHT");
            assertThat(second.json().path("unit").asString()).isEqualTo("bytes");
            assertThat(second.json().path("limit").asLong()).isEqualTo(25 << 20);
            Answer instance = put(other, "other.png", 22 << 20);
            assertRefused(instance, 429, "TOO_MANY_IN_FLIGHT");
            assertThat(instance.json().path("limit").asLong()).isEqualTo(40 << 20);
            one.reset();
        }
        await().atMost(SOON).until(() -> put(key, "heavy-2.png", 6 << 20).status(), status -> status == 200);
    }

    @Test
    void renewsTheLeaseOfAnUploadThatTakesLonger() throws IOException {
        String key = stack.user("lasting", 100);
        try (DepartingClient one = begin(key, "lasting-1.png", 10);
                DepartingClient two = begin(key, "lasting-2.png", 10)) {
            await().during(Duration.ofSeconds(6))
                    .atMost(SOON)
                    .until(() -> put(key, "lasting-3.png", 5).status(), status -> status == 429);
            one.reset();
            two.reset();
        }
    }

    @Test
    void holdsTheInstancesLimitsWhileRedisIsAway() throws IOException {
        String key = stack.user("without", 100);
        assertThat(put(key, "without-0.png", 5).status()).isEqualTo(200);
        stack.redis().freeze();
        try (DepartingClient one = begin(key, "without-1.png", LARGE)) {
            assertThat(put(key, "without-2.png", 6 << 20).status())
                    .as("Redis would count too many bytes of this user")
                    .isEqualTo(200);
            assertRefused(put(key, "without-3.png", 21 << 20), 429, "TOO_MANY_IN_FLIGHT");
            one.reset();
        } finally {
            stack.redis().thaw();
        }
        await().atMost(SOON).until(() -> stack.health().json().path("status").asString(), "UP"::equals);
    }

    // Of unknown length.

    @Test
    void takesAnUploadOfUnknownLengthToDiskFirst() {
        String key = stack.user("unknown", 100);
        byte[] body = new byte[300_000];
        new Random(1).nextBytes(body);

        Answer answer = chunked(key, "unknown.png", body);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(requireNonNull(stack.supabase().lastRequest("storage.upload"))
                        .headers()
                        .toString()
                        .toLowerCase(Locale.ROOT))
                .contains("content-length")
                .doesNotContain("chunked");
        assertThat(requireNonNull(stack.supabase().storedObject(Stack.BUCKET, "unknown.png"))
                        .bytes())
                .isEqualTo(body);
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.database()
                                .number("select bytes_current from user_quotas where user_id = 'unknown'"))
                        .isEqualTo(body.length));
    }

    @Test
    void refusesAnUploadOfUnknownLengthThatTheSpoolCannotHold() throws IOException {
        String key = stack.user("spooling", 100);
        Answer tooLarge = chunked(key, "spooling.png", new byte[(1 << 20) + 1]);
        assertRefused(tooLarge, 413, "PAYLOAD_TOO_LARGE");
        assertThat(tooLarge.json().path("limit").asLong()).isEqualTo(1 << 20);

        try (DepartingClient filling = DepartingClient.connect(stack.edge().port())) {
            filling.send("PUT /v1/upload/avatars/filling.png HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                            + "\r\nTransfer-Encoding: chunked\r\n\r\n" + "c3500\r\n")
                    .send(new byte[0xc3500]);
            await().atMost(SOON).until(() -> gauge("sluice.upload.spooled") == 0xc3500);
            Answer full = chunked(key, "spooling.png", new byte[500_000]);
            assertRefused(full, 503, "SUPABASE_ERROR");
            assertThat(full.header("Retry-After")).isNotEmpty();
            filling.reset();
        }
        await().atMost(SOON).until(() -> gauge("sluice.upload.spooled") == 0);
        assertThat(chunked(key, "spooling.png", new byte[500_000]).status()).isEqualTo(200);
        assertRefused(chunked("no-key", "spooling.png", new byte[5]), 401, "UNAUTHENTICATED");
    }

    /** An upload that is at the backend, and has one byte sent. */
    private static DepartingClient begin(String key, String name, int length) throws IOException {
        long calls = stack.supabase().calls("storage.upload");
        DepartingClient client = DepartingClient.connect(stack.edge().port())
                .send(head(key, name, length, ""))
                .send(new byte[1]);
        await().atMost(SOON).until(() -> stack.supabase().calls("storage.upload") > calls);
        return client;
    }

    private static Answer chunked(String key, String name, byte[] body) {
        return stack.send(request(key, name)
                .PUT(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body)))
                .build());
    }

    private static Answer put(String key, String name, int length) {
        return stack.send(request(key, name)
                .PUT(BodyPublishers.ofByteArray(new byte[length]))
                .build());
    }

    private static HttpRequest.Builder request(String key, String name) {
        return requestTo(key, Stack.BUCKET + "/" + name);
    }

    private static HttpRequest.Builder requestTo(String key, String object) {
        return HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/upload/" + object))
                .header("X-API-Key", key)
                .header("Content-Type", "image/png");
    }

    private static String head(String key, String name, int length, String more) {
        return "PUT /v1/upload/" + Stack.BUCKET + "/" + name + " HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                + "\r\nContent-Type: image/png\r\nContent-Length: " + length + "\r\n" + more + "\r\n";
    }

    private static void assertRefused(Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(answer.json().path("success").booleanValue()).isFalse();
    }

    private static double avoided() {
        return registry(stack.edge())
                .get("sluice.upload.bytes_avoided")
                .counter()
                .count();
    }

    private static double gauge(String name) {
        return registry(stack.edge()).get(name).gauge().value();
    }

    private static MeterRegistry registry(Edge edge) {
        return edge.bean(MeterRegistry.class);
    }
}
