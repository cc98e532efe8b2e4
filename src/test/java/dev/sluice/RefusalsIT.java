package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every refusal of the contract that this version can pronounce, through HTTP, with what it must carry. */
class RefusalsIT {

    private static final String SIGN = "/v1/supabase/signed-url";

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start(
                "sluice.operations.signed-url.memory", "12/1m",
                "sluice.operations.signed-url.redis", "6/1m",
                "sluice.operations.upload.memory", "1000/1m",
                "sluice.operations.upload.redis", "1000/1m",
                "sluice.supabase.timeout", "3s");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void clearFaults() {
        stack.supabase().faults().clear();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "{",
                "{\"filename\":\"a.png\",\"filename\":\"b.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}",
                "{\"filename\":\"../other/secret\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}",
                "{\"filename\":\"a//b\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}",
                "{\"filename\":\"a\\\\b\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}",
                "{\"filename\":\"%2e%2e/a\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}",
                "{\"filename\":\"a.txt#frag\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}",
                "{\"filename\":\"a.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"../../auth/v1/admin\"}",
                "{\"filename\":\"a.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\",\"fileSize\":\"12\"}",
                "{\"filename\":\"a.png\",\"supabaseBucket\":\"avatars\"}"
            })
    void refusesABodyThatIsNotWhatWasAgreed(String body) {
        long signedBefore = stack.supabase().calls("storage.sign-upload");

        Answer answer = stack.post(SIGN, Map.of("X-API-Key", freshUser("invalid")), body);

        assertRefused(answer, 400, "INVALID_REQUEST");
        assertThat(answer.json().path("field").asString()).isNotEmpty();
        assertThat(answer.json().path("hint").asString()).isNotEmpty();
        assertThat(stack.supabase().calls("storage.sign-upload")).isEqualTo(signedBefore);
    }

    @ParameterizedTest
    @ValueSource(strings = {"..%2fsecret", "%2e%2e/secret", "a//b", "a%5cb", "a%00b", "a%2525b", "a%23b"})
    void refusesAPathThatStorageWouldReadDifferently(String path) {
        HttpRequest request = HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/upload/avatars/" + path))
                .header("X-API-Key", freshUser("path"))
                .PUT(BodyPublishers.ofString("x"))
                .build();

        assertRefused(stack.send(request), 400, "INVALID_REQUEST");
    }

    @Test
    void refusesWhoDoesNotSayOrProveWhoTheyAre() {
        Answer nobody = stack.post(SIGN, Map.of(), "{}");
        Answer unknown = stack.post(SIGN, Map.of("X-API-Key", "sk_sluice_unknown"), "{}");
        Answer forged = stack.post(SIGN, Map.of("Authorization", "Bearer a.b.c"), "{}");

        for (Answer answer : new Answer[] {nobody, unknown, forged}) {
            assertRefused(answer, 401, "UNAUTHENTICATED");
            assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
        }
    }

    @Test
    void doesNotBelieveAnIdentityThatTheClientClaims() {
        Answer answer = stack.post(SIGN, Map.of("X-User-Id", "admin", "X-Api-Key-Id", "1"), "{}");

        assertRefused(answer, 401, "UNAUTHENTICATED");
    }

    @Test
    void refusesASpentQuotaAndChargesNothingForIt() {
        String key = stack.user("spent", 2);
        assertThat(stack.sign(key, "1.png").status()).isEqualTo(200);
        assertThat(stack.sign(key, "2.png").status()).isEqualTo(200);

        Answer third = stack.sign(key, "3.png");
        Answer remembered = stack.sign(key, "4.png");

        for (Answer answer : new Answer[] {third, remembered}) {
            assertRefused(answer, 403, "QUOTA_EXCEEDED");
            assertThat(answer.json().path("unit").asString()).isEqualTo("requests");
            assertThat(answer.json().path("current").longValue()).isEqualTo(2);
            assertThat(answer.json().path("limit").longValue()).isEqualTo(2);
        }
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(stack.current("spent")).isEqualTo(2));
    }

    @Test
    void tellsWhenAQuotaWithAPeriodIsFreeAgain() {
        String key = stack.user("period", 0);
        stack.database()
                .update("update user_quotas set period = interval '1 day', period_starts_at = now(),"
                        + " period_ends_at = now() + interval '1 day' where user_id = 'period'");

        Answer answer = stack.sign(key, "1.png");

        assertRefused(answer, 403, "QUOTA_EXCEEDED");
        assertThat(answer.json().path("resetIn").longValue()).isBetween(86_000_000L, 86_400_000L);
    }

    @Test
    void refusesAUserWithoutALimitWhereNoDefaultIsConfigured() {
        stack.grant("nolimit", Stack.BUCKET);

        assertRefused(stack.sign(stack.supabase().createApiKey("nolimit", null), "1.png"), 403, "QUOTA_EXCEEDED");
    }

    @Test
    void refusesABucketWithoutAGrant() {
        String key = stack.user("granted", 10);
        stack.supabase().createBucket("private");

        Answer answer = stack.sign(Map.of("X-API-Key", key), "1.png", "private");

        assertRefused(answer, 403, "BUCKET_ACCESS_DENIED");
        assertThat(stack.sign(key, "1.png").status())
                .as("the refused request cost nothing")
                .isEqualTo(200);
    }

    @Test
    void refusesTooManyRequestsOverAllInstancesAndThenInThisOne() {
        String key = stack.user("busy", 100);
        for (int i = 0; i < 6; i++) {
            assertThat(stack.sign(key, i + ".png").status()).isEqualTo(200);
        }
        for (int i = 0; i < 6; i++) {
            Answer answer = stack.sign(key, "more.png");
            assertRefused(answer, 429, "RATE_LIMIT_REDIS");
            assertThat(answer.json().path("current").longValue()).isEqualTo(6);
            assertThat(answer.json().path("limit").longValue()).isEqualTo(6);
            assertThat(answer.json().path("resetIn").longValue()).isBetween(1L, 63_000L);
            assertThat(Long.parseLong(answer.header("Retry-After"))).isBetween(1L, 63L);
            assertThat(answer.header("RateLimit")).startsWith("\"signed-url\";r=0;t=");
        }

        Answer memory = stack.sign(key, "more.png");

        assertRefused(memory, 429, "RATE_LIMIT_MEMORY");
        assertThat(memory.json().path("limit").longValue()).isEqualTo(12);
        assertThat(memory.json().path("remaining").longValue()).isZero();
        assertThat(memory.json().path("resetIn").longValue()).isBetween(1L, 63_000L);
        assertThat(memory.header("Retry-After")).isNotEmpty();
        assertThat(memory.header("Server-Timing")).contains("memory;dur=").doesNotContain("redis", "supabase");
    }

    @Test
    void countsMalformedRequestsToo() {
        String key = freshUser("malformed");
        for (int i = 0; i < 12; i++) {
            assertRefused(stack.post(SIGN, Map.of("X-API-Key", key), "{"), 400, "INVALID_REQUEST");
        }

        assertRefused(stack.post(SIGN, Map.of("X-API-Key", key), "{"), 429, "RATE_LIMIT_MEMORY");
    }

    @Test
    void refusesABodyThatIsTooLargeOrOfAnotherType() {
        String key = freshUser("large");
        Answer large = stack.post(SIGN, Map.of("X-API-Key", key), "{\"filename\":\"" + "x".repeat(20_000) + "\"}");
        Answer text = stack.post(SIGN, Map.of("X-API-Key", key, "Content-Type", "text/plain"), "{}");

        assertRefused(large, 413, "PAYLOAD_TOO_LARGE");
        assertThat(large.json().path("limit").longValue()).isEqualTo(16 * 1024);
        assertRefused(text, 415, "UNSUPPORTED_MEDIA_TYPE");
    }

    @Test
    void refusesABucketWhoseNameStorageReadsAsARouteOfItsOwn() {
        String key = stack.user("routes", 100);
        stack.grant("routes", "upload");
        HttpRequest request = HttpRequest.newBuilder(
                        URI.create(stack.edge().url() + "/v1/upload/upload/sign/avatars/victim.png"))
                .header("X-API-Key", key)
                .POST(BodyPublishers.ofString("x"))
                .build();
        long signedBefore = stack.supabase().calls("storage.sign-upload");

        assertRefused(stack.send(request), 400, "INVALID_REQUEST");
        assertThat(stack.supabase().calls("storage.sign-upload")).isEqualTo(signedBefore);
    }

    @Test
    void refusesAnUploadOfUnknownLength() {
        HttpRequest chunked = HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/upload/avatars/a.txt"))
                .header("X-API-Key", freshUser("chunked"))
                .PUT(BodyPublishers.fromPublisher(BodyPublishers.ofString("x")))
                .build();

        assertRefused(stack.send(chunked), 411, "LENGTH_REQUIRED");
    }

    @Test
    void saysWhatStorageDecided() {
        String key = stack.user("storage", 100);
        stack.grant("storage", "missing");
        Answer signed = stack.sign(key, "exists.png");
        stack.send(HttpRequest.newBuilder(
                        URI.create(signed.json().path("uploadUrl").asString()))
                .header("Content-Type", "image/png")
                .PUT(BodyPublishers.ofString("x"))
                .build());

        assertRefused(stack.sign(key, "exists.png"), 409, "OBJECT_EXISTS");
        assertRefused(stack.sign(Map.of("X-API-Key", key), "a.png", "missing"), 404, "BUCKET_NOT_FOUND");
        assertRefused(
                stack.post(
                        "/v1/supabase/download-url",
                        Map.of("X-API-Key", key),
                        "{\"filename\":\"absent.png\",\"supabaseBucket\":\"avatars\"}"),
                404,
                "OBJECT_NOT_FOUND");
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(
                                stack.database()
                                        .number(
                                                "select count(*) from usage_events where kind = 'refund' and user_id = 'storage'"))
                        .as("what storage refused is given back")
                        .isEqualTo(3));
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(stack.current("storage")).isEqualTo(1));
    }

    @Test
    void saysThatStorageFailsOrHangs() {
        String key = stack.user("failing", 100);

        stack.supabase().faults().status("storage.sign-upload", 500, "{}");
        assertRefused(stack.sign(key, "a.png"), 502, "SUPABASE_ERROR");
        stack.supabase().faults().clear();
        stack.supabase().faults().hang("storage.sign-upload");
        Answer hung = stack.sign(key, "a.png");

        assertRefused(hung, 504, "SUPABASE_ERROR");
    }

    @Test
    void saysThatNoRouteMatches() {
        assertRefused(stack.post("/v1/nothing", Map.of(), "{}"), 404, "NOT_FOUND");
    }

    @Test
    void writesProblemsOfRfc9457WhereTheClientAsksForThem() {
        Answer answer = stack.post(SIGN, Map.of("Accept", "application/problem+json"), "{}");

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.header("Content-Type")).startsWith("application/problem+json");
        assertThat(answer.json().path("status").intValue()).isEqualTo(401);
        assertThat(answer.json().path("title").asString()).isNotEmpty();
        assertThat(answer.json().path("detail").asString()).isNotEmpty();
        assertThat(answer.json().path("code").asString()).isEqualTo("UNAUTHENTICATED");
    }

    private static String freshUser(String purpose) {
        return stack.user(purpose + "-" + UUID.randomUUID(), 1000);
    }

    private static void assertRefused(Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.code()).isEqualTo(code);
        assertThat(answer.json().path("success").booleanValue()).isFalse();
        assertThat(answer.json().path("error").asString()).isNotEmpty();
        assertThat(answer.json().path("requestId").asString())
                .startsWith("sup_")
                .isEqualTo(answer.header("X-Request-Id"));
    }
}
