package dev.sluice.signedurl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jwt.SignedJWT;
import dev.sluice.testkit.BareEdge;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.supabase.LocalSupabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Signer {@code local}: what it mints, and when it refuses to start. */
class LocalSignerIT {

    private static final String ALICE = "11111111-1111-4111-8111-111111111111";
    private static final String OTHER_SECRET = "a-secret-of-another-project-of-32-bytes-or-more";
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static Database database;
    private static LocalSupabase supabase;

    @BeforeAll
    static void startSupabase() {
        database = Postgres.shared().emptyDatabase();
        supabase = LocalSupabase.start(database.dataSource(), Path.of("target", "local-supabase", "local-signer"));
        supabase.createBucket("avatars");
    }

    @AfterAll
    static void stopSupabase() {
        supabase.close();
        database.close();
    }

    @AfterEach
    void heal() {
        supabase.faults().clear();
    }

    @Test
    void mintsUrlsThatStorageAcceptsWithoutAskingIt() throws Exception {
        try (BareEdge edge = edge(supabase.jwtSecret()).start()) {
            supabase.forgetCalls();
            JsonNode signed = sign(edge, "/upload");
            assertThat(supabase.calls("storage")).isZero();
            assertThat(signed.get("timing").has("supabaseCall")).isFalse();

            SignedJWT token = SignedJWT.parse(signed.get("token").stringValue());
            assertThat(token.getHeader().toJSONObject()).isEqualTo(Map.of("alg", "HS256", "typ", "JWT"));
            Map<String, Object> claims = token.getPayload().toJSONObject();
            assertThat(claims)
                    .containsOnlyKeys("owner", "url", "upsert", "scope", "iat", "exp")
                    .containsEntry("owner", ALICE)
                    .containsEntry("url", "avatars/x y.png")
                    .containsEntry("upsert", false)
                    .containsEntry("scope", "upload");
            assertThat(Duration.between(
                            token.getJWTClaimsSet().getIssueTime().toInstant(),
                            token.getJWTClaimsSet().getExpirationTime().toInstant()))
                    .isEqualTo(Duration.ofHours(2));

            HttpResponse<String> put = HTTP.send(
                    HttpRequest.newBuilder(URI.create(signed.get("uploadUrl").stringValue()))
                            .header("Content-Type", "image/png")
                            .PUT(BodyPublishers.ofString("pixels"))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(put.statusCode()).as(put.body()).isEqualTo(200);

            JsonNode download = sign(edge, "/download");
            HttpResponse<String> got = HTTP.send(
                    HttpRequest.newBuilder(
                                    URI.create(download.get("downloadUrl").stringValue()))
                            .build(),
                    BodyHandlers.ofString());
            assertThat(got.body()).isEqualTo("pixels");
        }
    }

    @Test
    void doesNotStartWithASecretThatStorageDoesNotTrust() {
        assertThatThrownBy(() -> edge(OTHER_SECRET).start().close())
                .hasStackTraceContaining("sluice.supabase.jwt-secret")
                .hasStackTraceContaining("does not accept")
                .satisfies(e -> assertThat(e.toString()).doesNotContain(OTHER_SECRET));
    }

    @Test
    void doesNotStartWithoutASecretOrWithAShortOne() {
        assertThatThrownBy(() -> edge("").start().close())
                .hasStackTraceContaining("sluice.supabase.jwt-secret must be set");
        assertThatThrownBy(() -> edge("short").start().close()).hasStackTraceContaining("at least 32 bytes");
    }

    @Test
    void startsWhileStorageIsAwayAndAsksAgain() throws Exception {
        supabase.faults().refuse("storage");
        try (BareEdge edge = edge(OTHER_SECRET).start()) {
            assertThat(sign(edge, "/upload").get("success").booleanValue()).isTrue();
            supabase.faults().clear();

            Awaitility.await()
                    .atMost(Duration.ofSeconds(60))
                    .untilAsserted(
                            () -> assertThat(sign(edge, "/upload").get("code")).isNotNull());
            assertThat(sign(edge, "/upload").get("code").stringValue()).isEqualTo("SUPABASE_ERROR");
        }
    }

    private static BareEdge.Builder edge(String secret) {
        return BareEdge.of(supabase.url(), supabase.serviceKey())
                .with("sluice.supabase.jwt-secret", secret)
                .with("sluice.signed-url.signer", "local")
                .route("no://op", "Path=/upload", "Claimed", "UploadIntent=body", "SupabaseSignedUrl=upload")
                .route("no://op", "Path=/download", "Claimed", "UploadIntent=body", "SupabaseSignedUrl=download");
    }

    private static JsonNode sign(BareEdge edge, String path) throws Exception {
        HttpResponse<String> answer = HTTP.send(
                HttpRequest.newBuilder(URI.create(edge.url() + path))
                        .header("Content-Type", "application/json")
                        .header("claimed-user", ALICE)
                        .POST(
                                BodyPublishers.ofString(
                                        "{\"filename\":\"x y.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}"))
                        .build(),
                BodyHandlers.ofString());
        return JsonMapper.shared().readTree(answer.body());
    }
}
