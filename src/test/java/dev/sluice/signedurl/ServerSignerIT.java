package dev.sluice.signedurl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.BareEdge;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.supabase.LocalSupabase;
import dev.sluice.testkit.supabase.StoredObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The signing routes with signer {@code server}, against a storage that decides by row-level security. */
class ServerSignerIT {

    private static final String ALICE = "11111111-1111-4111-8111-111111111111";
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static Database database;
    private static LocalSupabase supabase;

    private static BareEdge shared;

    private BareEdge edge;

    @BeforeAll
    static void startSupabase() {
        database = Postgres.shared().emptyDatabase();
        supabase = LocalSupabase.start(database.dataSource(), Path.of("target", "local-supabase", "server-signer"));
        database.execute("""
                create policy own_insert on storage.objects for insert to authenticated
                  with check (name like auth.uid() || '/%');
                create policy own_select on storage.objects for select to authenticated
                  using (name like auth.uid() || '/%');
                """);
        supabase.createBucket("avatars");
        shared = start(supabase.serviceKey());
    }

    @AfterAll
    static void stop() {
        shared.close();
        supabase.close();
        database.close();
    }

    @BeforeEach
    void forget() {
        supabase.forgetCalls();
        edge = shared;
    }

    @AfterEach
    void heal() {
        supabase.faults().clear();
        if (edge != shared) {
            edge.close();
        }
    }

    @Test
    void givesAUrlThatTakesAFileAsItIs() throws Exception {
        JsonNode signed = ok(sign(
                "{\"filename\":\"a b/c+d;e=f?.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}"));

        assertThat(signed.propertyNames())
                .containsExactly("success", "uploadUrl", "token", "path", "requestId", "timing");
        assertThat(signed.get("success").booleanValue()).isTrue();
        assertThat(signed.get("path").stringValue()).isEqualTo("a b/c+d;e=f?.png");
        assertThat(signed.get("uploadUrl").stringValue())
                .isEqualTo(supabase.url() + "/storage/v1/object/upload/sign/avatars/a%20b/c%2Bd%3Be%3Df%3F.png?token="
                        + signed.get("token").stringValue());
        JsonNode timing = signed.get("timing");
        assertThat(timing.get("supabaseCall").doubleValue()).isPositive();
        assertThat(timing.get("total").doubleValue())
                .isGreaterThanOrEqualTo(timing.get("supabaseCall").doubleValue());
        assertThat(timing.has("memoryGuard")).isFalse();

        HttpResponse<String> put = HTTP.send(
                HttpRequest.newBuilder(URI.create(signed.get("uploadUrl").stringValue()))
                        .header("Content-Type", "image/png")
                        .PUT(BodyPublishers.ofString("pixels"))
                        .build(),
                BodyHandlers.ofString());
        assertThat(put.statusCode()).as(put.body()).isEqualTo(200);
        StoredObject stored = Objects.requireNonNull(supabase.storedObject("avatars", "a b/c+d;e=f?.png"));
        assertThat(stored.bytes()).asString().isEqualTo("pixels");

        JsonNode download = ok(post(
                "/download",
                "{\"filename\":\"a b/c+d;e=f?.png\",\"supabaseBucket\":\"avatars\",\"expiresIn\":60}",
                null));
        assertThat(download.propertyNames()).containsExactly("success", "downloadUrl", "path", "requestId", "timing");
        HttpResponse<String> got = HTTP.send(
                HttpRequest.newBuilder(URI.create(download.get("downloadUrl").stringValue()))
                        .build(),
                BodyHandlers.ofString());
        assertThat(got.statusCode()).isEqualTo(200);
        assertThat(got.body()).isEqualTo("pixels");
    }

    @Test
    void answersWithLengthAndWithoutCaching() throws Exception {
        HttpResponse<String> answer = sign(avatars("x.png"));

        assertThat(answer.headers().firstValue("Content-Length"))
                .hasValue(String.valueOf(answer.body().length()));
        assertThat(answer.headers().firstValue("Cache-Control")).hasValue("no-store");
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/json");
        assertThat(answer.headers().firstValue("Server-Timing").orElseThrow()).contains("supabase;dur=");
        assertThat(answer.headers().firstValue("X-Request-Id"))
                .hasValue(JSON.readTree(answer.body()).get("requestId").stringValue());
    }

    @Test
    void asksAsTheCallerWhoBroughtAToken() throws Exception {
        String token = supabase.accessToken(ALICE, null);

        ok(post("/upload", avatars(ALICE + "/x.png"), token));

        var sent = Objects.requireNonNull(supabase.lastRequest("storage.sign-upload"));
        assertThat(sent.header("authorization")).isEqualTo("Bearer " + token);
        assertThat(sent.header("apikey")).isEqualTo(supabase.serviceKey());
        assertThat(sent.header("content-type")).isNull();
        assertThat(sent.header("x-upsert")).isNull();
        assertRefused(post("/upload", avatars("bob/x.png"), token), 403, "BUCKET_ACCESS_DENIED");
    }

    @Test
    void asksToReplaceOnlyWhereTheRequestDoes() throws Exception {
        ok(
                sign(
                        "{\"filename\":\"u.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\",\"upsert\":true}"));
        assertThat(Objects.requireNonNull(supabase.lastRequest("storage.sign-upload"))
                        .header("x-upsert"))
                .isEqualTo("true");
    }

    @Test
    void tellsStoragesDecisionsApart() throws Exception {
        database.execute("insert into storage.objects (bucket_id, name) values ('avatars', 'taken.png')");

        assertRefused(sign(avatars("taken.png")), 409, "OBJECT_EXISTS");
        assertRefused(
                sign("{\"filename\":\"x\",\"contentType\":\"a/b\",\"supabaseBucket\":\"missing\"}"),
                404,
                "BUCKET_NOT_FOUND");
        assertRefused(
                post("/download", "{\"filename\":\"missing.png\",\"supabaseBucket\":\"avatars\"}", null),
                404,
                "OBJECT_NOT_FOUND");
        HttpResponse<String> badToken = post("/upload", avatars("x.png"), "not.a.token");
        assertRefused(badToken, 401, "UNAUTHENTICATED");
        assertThat(badToken.headers().firstValue("WWW-Authenticate").orElseThrow())
                .startsWith("Bearer");
    }

    @Test
    void keepsAskingWhileStorageRefuses() throws Exception {
        for (int i = 0; i < 30; i++) {
            assertRefused(
                    sign("{\"filename\":\"x\",\"contentType\":\"a/b\",\"supabaseBucket\":\"missing\"}"),
                    404,
                    "BUCKET_NOT_FOUND");
        }
        assertThat(supabase.calls("storage.sign-upload")).isEqualTo(30);
    }

    @Test
    void refusesBeforeAskingWhatCannotBeSigned() throws Exception {
        HttpResponse<String> noType = sign("{\"filename\":\"x\",\"supabaseBucket\":\"avatars\"}");
        assertRefused(noType, 400, "INVALID_REQUEST");
        assertThat(JSON.readTree(noType.body()).get("field").stringValue()).isEqualTo("contentType");
        HttpResponse<String> tooLong =
                post("/download", "{\"filename\":\"x\",\"supabaseBucket\":\"avatars\",\"expiresIn\":86401}", null);
        assertRefused(tooLong, 400, "INVALID_REQUEST");
        assertThat(JSON.readTree(tooLong.body()).get("field").stringValue()).isEqualTo("expiresIn");
        assertThat(supabase.calls("storage")).isZero();
    }

    @Test
    void saysWhenStorageDoesNotAnswerInTime() throws Exception {
        edge = start(supabase.serviceKey(), "500ms");
        supabase.faults().hang("storage.sign-upload");
        assertRefused(sign(avatars("x.png")), 504, "SUPABASE_ERROR");
    }

    @Test
    void asksOnceThenStopsAskingAStorageThatFails() throws Exception {
        edge = start(supabase.serviceKey());
        supabase.faults().refuse("storage.sign-upload");
        assertRefused(sign(avatars("x.png")), 502, "SUPABASE_ERROR");
        assertThat(supabase.calls("storage.sign-upload")).isEqualTo(1);

        supabase.faults().status("storage.sign-upload", 500, "{\"statusCode\":\"500\",\"error\":\"DatabaseError\"}");
        for (int i = 0; i < 4; i++) {
            assertRefused(sign(avatars("x.png")), 502, "SUPABASE_ERROR");
        }
        HttpResponse<String> open = sign(avatars("x.png"));
        assertRefused(open, 503, "SUPABASE_ERROR");
        assertThat(open.headers().firstValue("Retry-After")).hasValue("2");
        assertThat(supabase.calls("storage.sign-upload")).isEqualTo(5);
    }

    @Test
    void saysWhenStorageIsOverloaded() throws Exception {
        edge = start(supabase.serviceKey());
        supabase.faults()
                .status(
                        "storage.sign-upload",
                        429,
                        "{\"statusCode\":\"429\",\"error\":\"too_many_connections\",\"code\":\"SlowDown\"}");
        HttpResponse<String> answer = sign(avatars("x.png"));
        assertRefused(answer, 503, "SUPABASE_ERROR");
        assertThat(answer.headers().firstValue("Retry-After")).hasValue("2");
    }

    @Test
    void doesNotPassOnAnAnswerWithoutAToken() throws Exception {
        edge = start(supabase.serviceKey());
        supabase.faults().status("storage.sign-upload", 200, "{\"url\":\"/x\",\"token\":\"<script>\"}");
        assertRefused(sign(avatars("x.png")), 502, "SUPABASE_ERROR");
        supabase.faults().status("storage.sign-upload", 200, "not json");
        assertRefused(sign(avatars("x.png")), 502, "SUPABASE_ERROR");
    }

    @Test
    void doesNotBlameTheCallerForOurKey() throws Exception {
        edge = start("wrong.service.key");
        HttpResponse<String> answer = sign(avatars("x.png"));
        assertRefused(answer, 502, "SUPABASE_ERROR");
        assertThat(answer.body()).doesNotContain("wrong.service.key");
    }

    /** For a test that leaves a circuit with failures. */
    private static BareEdge start(String serviceKey) {
        return start(serviceKey, "20s");
    }

    private static BareEdge start(String serviceKey, String timeout) {
        return BareEdge.of(supabase.url(), serviceKey)
                .with("sluice.supabase.timeout", timeout)
                .route("no://op", "Path=/upload", "Claimed", "UploadIntent=body", "SupabaseSignedUrl=upload")
                .route("no://op", "Path=/download", "Claimed", "UploadIntent=body", "SupabaseSignedUrl=download")
                .start();
    }

    private static String avatars(String filename) {
        return "{\"filename\":\"" + filename + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}";
    }

    private HttpResponse<String> sign(String body) throws IOException, InterruptedException {
        return post("/upload", body, null);
    }

    private HttpResponse<String> post(String path, String body, @Nullable String token)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(edge.url() + path))
                .header("Content-Type", "application/json")
                .header("claimed-user", ALICE)
                .POST(BodyPublishers.ofString(body));
        if (token != null) {
            request.header("claimed-token", token);
        }
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    private static JsonNode ok(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return JSON.readTree(answer.body());
    }

    private static void assertRefused(HttpResponse<String> answer, int status, String code) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(JSON.readTree(answer.body()).get("code").stringValue()).isEqualTo(code);
    }
}
