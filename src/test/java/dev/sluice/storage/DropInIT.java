package dev.sluice.storage;

import static dev.sluice.storage.DropIn.BUCKET;
import static dev.sluice.storage.DropIn.ORIGIN;
import static dev.sluice.storage.DropIn.user;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.Stack.Answer;
import dev.sluice.testkit.supabase.RecordedRequest;
import dev.sluice.testkit.supabase.StoredObject;
import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** An application of supabase-js whose address was changed: the requests that it sends, through {@code /storage/v1}. */
class DropInIT {

    private static final String OBJECT = "/storage/v1/object/";
    private static final Duration SETTLED = Duration.ofSeconds(60);

    private static DropIn edge;

    @BeforeAll
    static void start() {
        edge = DropIn.shared();
    }

    @BeforeEach
    void forget() {
        edge.stack().supabase().forgetCalls();
    }

    @Test
    void signsAnUploadAsTheUserAndChargesTheTokensOwnerForIt() {
        String alice = user();
        String path = BUCKET + "/" + alice + "/hello%20world.txt";

        Answer signed = edge.call("POST", OBJECT + "upload/sign/" + path, edge.token(alice), "{}");
        assertThat(signed.status()).as(signed.body()).isEqualTo(200);
        String url = signed.json().get("url").asString().replace(" ", "%20");
        Answer stored =
                edge.call("PUT", "/storage/v1" + url, edge.stack().supabase().anonKey(), "hello");

        assertThat(stored.status()).as(stored.body()).isEqualTo(200);
        assertThat(stored.json().get("Key").asString()).isEqualTo(BUCKET + "/" + alice + "/hello world.txt");
        StoredObject object =
                Objects.requireNonNull(edge.stack().supabase().storedObject(BUCKET, alice + "/hello world.txt"));
        assertThat(object.owner()).isEqualTo(alice);
        assertThat(object.bytes()).asString().isEqualTo("hello");
        awaitCharged(alice, 2, 5);
    }

    @Test
    void signsWithoutABodyAndChargesOnce() {
        String alice = user();
        assertThat(edge.call("POST", OBJECT + "upload/sign/" + BUCKET + "/" + alice + "/a", edge.token(alice), null)
                        .status())
                .isEqualTo(200);
        awaitCharged(alice, 1, 0);
    }

    @Test
    void uploadsReplacesReadsAndDeletesWithTheUsersOwnToken() {
        String alice = user();
        String token = edge.token(alice);
        String path = OBJECT + BUCKET + "/" + alice + "/a.txt";

        assertThat(edge.call("POST", path, token, "one").status()).isEqualTo(200);
        assertThat(edge.call("PUT", path, token, "second").status()).isEqualTo(200);
        assertThat(edge.call("GET", path, token, null).body()).isEqualTo("second");
        assertThat(edge.call("HEAD", path, token, null).status()).isEqualTo(200);
        RecordedRequest upload = Objects.requireNonNull(edge.stack().supabase().lastRequest("storage.upload"));
        assertThat(upload.header("authorization")).isEqualTo("Bearer " + token);
        assertThat(upload.header("apikey")).isEqualTo(edge.stack().supabase().anonKey());
        assertThat(upload.header("content-length")).isEqualTo("6");
        assertThat(upload.header("x-user-id")).isNull();
        assertThat(edge.call("DELETE", path, token, null).json().get("message").asString())
                .isEqualTo("Successfully deleted");
        awaitCharged(alice, 3, 9);
    }

    @Test
    void chargesABatchForEachOfItsNames() {
        String alice = user();
        String token = edge.token(alice);
        edge.call("POST", OBJECT + BUCKET + "/" + alice + "/1", token, "1");
        edge.call("POST", OBJECT + BUCKET + "/" + alice + "/2", token, "2");
        String names = "[\"" + alice + "/1\",\"" + alice + "/2\",\"" + alice + "/3\"]";

        Answer signed =
                edge.call("POST", OBJECT + "sign/" + BUCKET, token, "{\"expiresIn\":60,\"paths\":" + names + "}");
        assertThat(signed.json().size()).as(signed.body()).isEqualTo(3);
        String url = "/storage/v1" + signed.json().get(0).get("signedURL").asString();
        assertThat(edge.call("GET", url, null, null).body()).isEqualTo("1");
        Answer removed = edge.call("DELETE", OBJECT + BUCKET, token, "{\"prefixes\":" + names + "}");

        assertThat(removed.json().size()).as(removed.body()).isEqualTo(2);
        awaitCharged(alice, 2 + 3 + 3, 2);
    }

    @Test
    void keepsTheChargeOfABatchWhoseAnswerNeverCame() {
        String alice = user();
        edge.stack().supabase().faults().dropAnswer("storage.delete").times("storage.delete", 1);

        Answer lost = edge.call("DELETE", OBJECT + BUCKET, edge.token(alice), "{\"prefixes\":[\"a\",\"b\"]}");

        assertThat(lost.status()).as(lost.body()).isEqualTo(502);
        assertThat(lost.code()).isEqualTo("SUPABASE_ERROR");
        awaitCharged(alice, 2, 0);
    }

    @Test
    void takesNoBodyThatWouldBeHeldWhole() {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(edge.stack().edge().url() + "/rest/v1/things"));
        BodyPublisher chunked = BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(new byte[1]));
        BodyPublisher large = BodyPublishers.ofByteArray(new byte[256 * 1024 + 1]);

        Answer unknown = edge.stack().send(request.method("DELETE", chunked).build());
        assertThat(unknown.status()).as(unknown.body()).isEqualTo(411);
        Answer refused = edge.stack().send(request.method("GET", large).build());
        assertThat(refused.status()).as(refused.body()).isEqualTo(413);
        assertThat(refused.json().get("limit").asLong()).isEqualTo(256 * 1024);
        assertThat(edge.asked()).isZero();
    }

    @Test
    void signsOneDownload() {
        String alice = user();
        String token = edge.token(alice);
        edge.call("POST", OBJECT + BUCKET + "/" + alice + "/1", token, "1");

        Answer signed = edge.call("POST", OBJECT + "sign/" + BUCKET + "/" + alice + "/1", token, "{\"expiresIn\":60}");

        assertThat(signed.status()).as(signed.body()).isEqualTo(200);
        awaitCharged(alice, 2, 1);
    }

    @Test
    void passesStoragesRefusalOnAsItIsAndChargesNothing() {
        String bob = user();

        Answer refused = edge.call("POST", OBJECT + BUCKET + "/" + user() + "/a", edge.token(bob), "x");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body())
                .isEqualTo("{\"statusCode\":\"403\",\"error\":\"Unauthorized\","
                        + "\"message\":\"new row violates row-level security policy\",\"code\":\"AccessDenied\"}");
        await().atMost(SETTLED)
                .untilAsserted(() -> assertThat(edge.stack()
                                .database()
                                .number(
                                        "select count(*) from usage_events where user_id = ? and kind = 'refund'"
                                                + " and counted_in is not null",
                                        bob))
                        .isEqualTo(1));
        assertThat(edge.charged(bob)).isZero();
        assertThat(edge.chargedBytes(bob)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"jwt", "publishable"})
    void countsTheAnonymousKeyForTheClientsNetworkAndSendsItOn(String kind) {
        var supabase = edge.stack().supabase();
        String key = kind.equals("jwt") ? supabase.anonKey() : supabase.publishableKey();
        String address = kind.equals("jwt") ? "198.51.100.7" : "2001:db8:7:7::1";
        String anonymous = kind.equals("jwt") ? "anon:198.51.100.7" : "anon:2001:db8:7:7::/64";

        Answer refused = edge.call("POST", OBJECT + BUCKET + "/x/a", key, "x", "X-Forwarded-For", address);

        assertThat(refused.json().get("code").asString()).as(refused.body()).isEqualTo("AccessDenied");
        RecordedRequest upload = Objects.requireNonNull(supabase.lastRequest("storage.upload"));
        assertThat(upload.header("authorization")).isEqualTo("Bearer " + key);
        assertThat(upload.header("apikey")).isEqualTo(kind.equals("jwt") ? supabase.anonKey() : key);
        await().atMost(SETTLED)
                .untilAsserted(() -> assertThat(edge.stack()
                                .database()
                                .number(
                                        "select count(*) from usage_events where user_id = ? and kind = 'charge'",
                                        anonymous))
                        .isEqualTo(1));
    }

    @Test
    void countsTheServiceKeyAsACallerOfItsOwn() {
        var supabase = edge.stack().supabase();
        long before = edge.charged("service");

        assertThat(edge.call("POST", OBJECT + BUCKET + "/service/a", supabase.serviceKey(), "x")
                        .status())
                .isEqualTo(200);
        assertThat(edge.call("DELETE", OBJECT + BUCKET + "/service/a", supabase.serviceKey(), null)
                        .status())
                .isEqualTo(200);

        await().atMost(SETTLED)
                .untilAsserted(() -> assertThat(edge.charged("service")).isEqualTo(before + 2));
    }

    @Test
    void countsASecretKeyThatItCannotVerifyForTheNetwork() {
        String secret = edge.stack().supabase().secretKey();

        assertThat(edge.call("POST", OBJECT + BUCKET + "/other/a", secret, "x", "X-Forwarded-For", "198.51.100.9")
                        .status())
                .isEqualTo(200);

        awaitCharged("anon:198.51.100.9", 1, 1);
    }

    @Test
    void takesNoTwoRequestsForOneWhoseBodiesItDoesNotRead() {
        String alice = user();
        String token = edge.token(alice);
        String path = BUCKET + "/" + alice + "/1";
        String[] repeated = {"Idempotency-Key", user()};
        edge.call("POST", OBJECT + path, token, "1");

        Answer minute = edge.call("POST", OBJECT + "sign/" + path, token, "{\"expiresIn\":60}", repeated);
        Answer hour = edge.call("POST", OBJECT + "sign/" + path, token, "{\"expiresIn\":3600}", repeated);

        assertThat(hour.status()).as(hour.body()).isEqualTo(200);
        assertThat(hour.header("Idempotency-Replayed")).isEmpty();
        assertThat(hour.body()).isNotEqualTo(minute.body());
        awaitCharged(alice, 3, 1);
    }

    @Test
    void answersNobodysRepetitionFromTheRecordWhoseKeyOnlyStorageCanVerify() {
        String secret = edge.stack().supabase().secretKey();
        String path = OBJECT + BUCKET + "/other/once";
        String[] repeated = {"X-Forwarded-For", "198.51.100.10", "Idempotency-Key", user()};
        assertThat(edge.call("POST", path, secret, "x", repeated).status()).isEqualTo(200);

        Answer forged = edge.call("POST", path, "sb_secret_forged", "x", repeated);

        assertThat(forged.status()).as(forged.body()).isGreaterThanOrEqualTo(400);
        assertThat(forged.header("Idempotency-Replayed")).isEmpty();
        assertThat(edge.stack().supabase().calls("storage.upload")).isEqualTo(2);
    }

    @Test
    void answersAUsersRepetitionFromTheRecord() {
        String alice = user();
        String path = OBJECT + BUCKET + "/" + alice + "/once";
        String key = user();
        Answer first = edge.call("POST", path, edge.token(alice), "x", "Idempotency-Key", key);
        assertThat(first.status()).as(first.body()).isEqualTo(200);

        Answer again = edge.call("POST", path, edge.token(alice), "x", "Idempotency-Key", key);

        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(edge.stack().supabase().calls("storage.upload")).isEqualTo(1);
        awaitCharged(alice, 1, 1);
    }

    @Test
    void letsAnApiKeyInByTheGrants() {
        String key = edge.stack().user("key-holder", 10);

        Answer stored = edge.call("POST", OBJECT + "avatars/k.txt", null, "x", "X-API-Key", key);
        assertThat(stored.status()).as(stored.body()).isEqualTo(200);
        Answer refused = edge.call("POST", OBJECT + BUCKET + "/k.txt", null, "x", "X-API-Key", key);

        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.json().get("statusCode").asString()).isEqualTo("403");
        assertThat(refused.code()).isEqualTo("BUCKET_ACCESS_DENIED");
        assertThat(Objects.requireNonNull(edge.stack().supabase().lastRequest("storage.upload"))
                        .rawPath())
                .endsWith("avatars/k.txt");
    }

    @Test
    void letsAnApiKeyGoOnWithTheResumableUploadThatItBegan() {
        String key = edge.stack().user("tus-key-holder", 10);
        String name = Base64.getEncoder().encodeToString("tus.txt".getBytes(StandardCharsets.UTF_8));
        String bucket = Base64.getEncoder().encodeToString("avatars".getBytes(StandardCharsets.UTF_8));
        String[] common = {"X-API-Key", key, "Tus-Resumable", "1.0.0"};
        Answer begun = edge.call(
                "POST",
                "/storage/v1/upload/resumable",
                null,
                null,
                with(common, "Upload-Length", "5", "Upload-Metadata", "bucketName " + bucket + ",objectName " + name));
        assertThat(begun.status()).as(begun.body()).isEqualTo(201);
        String location = begun.header("Location");

        Answer stored = edge.call(
                "PATCH",
                location.substring(location.indexOf("/storage")),
                null,
                "hello",
                with(common, "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream"));

        assertThat(stored.status()).as(stored.body()).isEqualTo(204);
        assertThat(edge.stack().supabase().storedObject("avatars", "tus.txt")).isNotNull();
    }

    private static String[] with(String[] common, String... more) {
        return Stream.concat(Arrays.stream(common), Arrays.stream(more)).toArray(String[]::new);
    }

    @Test
    void refusesATokenThatClaimsAUserInTheFormThatSupabaseJsReads() {
        Map<String, Object> claims = Map.of("sub", user(), "role", "authenticated", "aud", "authenticated", "exp", 1);

        for (String bearer : new String[] {
            edge.stack().supabase().tokens().hs256(claims),
            edge.stack().supabase().tokens().hs256(claims, "another-secret-that-is-32-bytes-long", null),
            "nonsense"
        }) {
            Answer refused = edge.call("POST", OBJECT + BUCKET + "/x/a", bearer, "x", "Origin", ORIGIN);

            assertThat(refused.status()).isEqualTo(401);
            assertThat(refused.json().get("statusCode").asString()).isEqualTo("401");
            assertThat(refused.json().get("error").asString()).isEqualTo("Authentication required");
            assertThat(refused.json().get("message").asString()).isNotBlank();
            assertThat(refused.code()).isEqualTo("UNAUTHENTICATED");
            assertThat(refused.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
        }
        assertThat(edge.stack().supabase().calls("storage")).isZero();
    }

    @Test
    void tellsALimitInTheFormThatSupabaseJsReads() {
        String alice = user();
        String token = edge.stack().supabase().accessToken(alice, "tiny");
        edge.call("POST", OBJECT + BUCKET + "/" + alice + "/1", token, "1");

        Answer refused = edge.call("POST", OBJECT + BUCKET + "/" + alice + "/2", token, "2", "Origin", ORIGIN);

        assertThat(refused.status()).as(refused.body()).isEqualTo(429);
        assertThat(refused.json().get("statusCode").asString()).isEqualTo("429");
        assertThat(refused.json().get("error").asString()).isEqualTo("Rate limit exceeded");
        assertThat(refused.code()).isEqualTo("RATE_LIMIT_REDIS");
        assertThat(refused.json().get("limit").asInt()).isEqualTo(1);
        assertThat(refused.json().get("requestId").asString()).isEqualTo(refused.header("X-Request-Id"));
        assertThat(Integer.parseInt(refused.header("Retry-After"))).isPositive();
        assertThat(refused.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
        assertThat(refused.header("Access-Control-Expose-Headers")).contains("RateLimit", "Retry-After");
        assertThat(edge.stack().supabase().calls("storage.upload")).isEqualTo(1);
    }

    @Test
    void countsAnUploadWithATokenThatCannotBeVerifiedForTheNetwork() {
        String alice = user();
        String other = edge.stack()
                .supabase()
                .tokens()
                .hs256(
                        Map.of("owner", alice, "url", "open/a", "scope", "upload", "exp", inAnHour()),
                        "a-url-signing-key-of-storages-own-32",
                        "storage-url-signing-key_abc");

        Answer refused = edge.call(
                "PUT", OBJECT + "upload/sign/open/a?token=" + other, null, "x", "X-Forwarded-For", "198.51.100.11");

        assertThat(refused.json().get("error").asString()).as(refused.body()).isEqualTo("InvalidJWT");
        await().atMost(SETTLED)
                .untilAsserted(() -> assertThat(edge.stack()
                                .database()
                                .number("select count(*) from usage_events where user_id = 'anon:198.51.100.11'"))
                        .isPositive());
        assertThat(edge.charged(alice)).isZero();
    }

    @Test
    void refusesAVerifiedTokenThatIsForSomethingElse() {
        var tokens = edge.stack().supabase().tokens();
        String elsewhere = tokens.hs256(Map.of("url", "open/b", "scope", "upload", "exp", inAnHour()));
        String download = tokens.hs256(Map.of("url", "open/a", "scope", "download", "exp", inAnHour()));
        String expired = tokens.hs256(Map.of("url", "open/a", "scope", "upload", "exp", 1));

        assertThat(put("open/a", elsewhere).status()).isEqualTo(400);
        assertThat(put("open/a", download).status()).isEqualTo(401);
        assertThat(put("open/a", expired).status()).isEqualTo(401);
        assertThat(edge.call("PUT", OBJECT + "upload/sign/open/a", null, "x").status())
                .isEqualTo(401);
        assertThat(edge.stack().supabase().calls("storage")).isZero();
    }

    @Test
    void uploadsWithATokenOfAnOlderServer() {
        String alice = user();
        String token = edge.stack()
                .supabase()
                .tokens()
                .hs256(Map.of("owner", alice, "url", "open/old", "upsert", true, "exp", inAnHour()));

        Answer stored = put("open/old", token);

        assertThat(stored.status()).as(stored.body()).isEqualTo(200);
        awaitCharged(alice, 1, 1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/storage/v1/object/drop%2Fa/b",
                "/storage/v1/object/drop//b",
                "/storage/v1/object/drop/../upload/sign/drop/b",
                "/storage/v1/object/drop/%2e%2e/b",
                "/storage/v1/object/drop/%252e%252e/b",
                "/storage/v1/object/drop/a%5Cb",
                "/storage/v1/object/drop/a%00b",
                "/storage/v1/object/drop/%C0%AF",
                "/%73torage/v1/object/drop/%2E%2E/b",
                "/storage;x/v1/object/drop/../b",
                "/storage/v1/object/list/./drop",
                "/storage/v1/upload/resumable/../x",
                "/storage/v1/bucket/",
                "/auth/v1/../../storage/v1/object/drop/b",
                "/auth/v1/%2e%2e/%2e%2e/storage/v1/object/drop/b",
                "/rest/v1/..%2F..%2Fstorage/v1/object/drop/b",
                "/rest/v1//x"
            })
    void refusesAPathThatStorageCouldReadDifferentlyBeforeAnythingElse(String target) {
        ByteClient.Answer refused = ByteClient.exchange(
                edge.stack().edge().port(),
                "POST " + target + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer nonsense\r\nOrigin: " + ORIGIN
                        + "\r\nContent-Length: 1\r\nConnection: close\r\n\r\nx");

        assertThat(refused.status()).as(refused.text()).isEqualTo(400);
        assertThat(refused.text()).contains("INVALID_REQUEST");
        assertThat(refused.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
        assertThat(edge.asked()).isZero();
    }

    @Test
    void comparesAndSendsAPathInItsOneSpelling() {
        String alice = user();

        Answer stored =
                edge.call("POST", "/%73torage/v1/%6fbject/dro%70/" + alice + "/%61+b;c.txt", edge.token(alice), "x");

        assertThat(stored.status()).as(stored.body()).isEqualTo(200);
        assertThat(Objects.requireNonNull(edge.stack().supabase().lastRequest("storage.upload"))
                        .rawPath())
                .isEqualTo("/storage/v1/object/drop/" + alice + "/a%2Bb%3Bc.txt");
        awaitCharged(alice, 1, 1);
    }

    @Test
    void takesAMatrixParameterForAPartOfTheNameAsStorageDoes() {
        Answer refused = edge.call("POST", "/storage/v1/object/upload;x/sign/drop/a", edge.token(user()), "{}");

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body()).doesNotContain("\"token\"");
        assertThat(edge.stack().supabase().calls("storage.sign-upload")).isZero();
    }

    @ParameterizedTest
    @CsvSource({"PUT, sign/drop/x", "PUT, list/drop", "POST, info/drop/x", "DELETE, upload/sign/drop/x"})
    void refusesABucketThatIsARouteOfStorage(String method, String path) {
        assertThat(edge.call(method, OBJECT + path, edge.token(user()), method.equals("DELETE") ? null : "x")
                        .status())
                .isEqualTo(400);
        assertThat(edge.stack().supabase().calls("storage")).isZero();
    }

    @Test
    void answersAPreflightItselfWithoutAskingAnybody() {
        Answer answer = edge.call(
                "OPTIONS",
                "/storage/v1/upload/resumable",
                null,
                null,
                "Origin",
                ORIGIN,
                "Access-Control-Request-Method",
                "PATCH",
                "Access-Control-Request-Headers",
                "authorization,apikey,tus-resumable,upload-offset");

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
        assertThat(answer.header("Access-Control-Allow-Methods")).contains("PATCH", "DELETE");
        assertThat(answer.header("Access-Control-Allow-Headers")).contains("upload-offset", "apikey");
        assertThat(answer.header("Access-Control-Max-Age")).isEqualTo("3600");
        assertThat(answer.header("X-Request-Id")).startsWith("sup_");
        assertThat(answer.header("Server-Timing")).doesNotContain("redis");
        assertThat(edge.asked()).isZero();
    }

    @Test
    void refusesTheOriginThatIsNotAllowed() {
        assertThat(edge.call("GET", "/rest/v1/x", null, null, "Origin", "https://evil.example")
                        .status())
                .isEqualTo(403);
        assertThat(edge.asked()).isZero();
    }

    @Test
    void marksAnAnswerWithoutARouteForTheBrowserAsWell() {
        Answer unknown = edge.call("GET", "/storage/v1/s3/open/x", null, null, "Origin", ORIGIN);

        assertThat(unknown.status()).isEqualTo(404);
        assertThat(unknown.json().get("statusCode").asString()).isEqualTo("404");
        assertThat(unknown.code()).isEqualTo("NOT_FOUND");
        assertThat(unknown.header("Access-Control-Allow-Origin")).isEqualTo(ORIGIN);
        assertThat(edge.asked()).isZero();
    }

    @Test
    void passesTheRestOfTheProjectOnAsItCame() {
        assertThat(edge.call("GET", "/auth/v1/.well-known/jwks.json", null, null)
                        .json()
                        .get("keys")
                        .size())
                .isPositive();
        edge.call("GET", "/rest/v1/user_quotas?select=user_id&user_id=in.(a,%22b%22)&x=[1]", null, null);
        RecordedRequest asked = Objects.requireNonNull(edge.stack().supabase().lastRequest("rest.table.user_quotas"));
        assertThat(asked.query()).containsEntry("user_id", "in.(a,\"b\")").containsEntry("x", "[1]");
        assertThat(edge.call("GET", OBJECT + "public/open/no%20such?download=a[1].txt", null, null)
                        .json()
                        .get("error")
                        .asString())
                .isEqualTo("not_found");
        assertThat(Objects.requireNonNull(edge.stack().supabase().lastRequest("storage.download"))
                        .rawPath())
                .endsWith("no%20such");
    }

    @Test
    void passesAWebSocketThrough() throws Exception {
        CompletableFuture<String> answer = new CompletableFuture<>();
        WebSocket socket = HttpClient.newHttpClient()
                .newWebSocketBuilder()
                .buildAsync(
                        URI.create("ws://127.0.0.1:" + edge.stack().edge().port()
                                + "/realtime/v1/websocket?apikey=anon&vsn=1.0.0"),
                        new WebSocket.Listener() {
                            @Override
                            public CompletionStage<?> onText(WebSocket from, CharSequence text, boolean last) {
                                answer.complete(text.toString());
                                return WebSocket.Listener.super.onText(from, text, last);
                            }
                        })
                .get(60, TimeUnit.SECONDS);

        socket.sendText("{\"event\":\"heartbeat\"}", true).get(60, TimeUnit.SECONDS);

        assertThat(answer.get(60, TimeUnit.SECONDS)).isEqualTo("{\"event\":\"heartbeat\"}");
        socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(60, TimeUnit.SECONDS);
        assertThat(Objects.requireNonNull(edge.stack().supabase().lastRequest("realtime.websocket"))
                        .query())
                .containsEntry("vsn", "1.0.0");
    }

    private static Answer put(String object, String token) {
        return edge.call("PUT", OBJECT + "upload/sign/" + object + "?token=" + token, null, "x");
    }

    private static long inAnHour() {
        return Instant.now().getEpochSecond() + 3600;
    }

    private static void awaitCharged(String user, long requests, long bytes) {
        await().atMost(SETTLED).untilAsserted(() -> {
            assertThat(edge.charged(user)).isEqualTo(requests);
            assertThat(edge.chargedBytes(user)).isEqualTo(bytes);
        });
    }
}
