package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.jayway.jsonpath.JsonPath;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.supabase.LocalSupabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The main job from end to end: a caller gets a URL, uploads a real file with it, and the usage is in Postgres once. */
class MainJobIT {

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static Redis redis;
    private static Database database;
    private static LocalSupabase supabase;
    private static Edge edge;

    @BeforeAll
    static void startAll() {
        redis = Redis.start();
        database = Postgres.shared().newDatabase();
        supabase = LocalSupabase.start(database.dataSource(), Path.of("target", "main-job"));
        supabase.createBucket("avatars");
        edge = Edge.start(redis, supabase);
    }

    @AfterAll
    static void stopAll() {
        edge.close();
        supabase.close();
        database.close();
        redis.close();
    }

    @Test
    void uploadsAFileWithASignedUrlAndRecordsItOnce() throws Exception {
        String key = user("alice", 10);

        HttpResponse<String> signed = post(
                "/v1/supabase/signed-url",
                Map.of("X-API-Key", key),
                "{\"filename\":\"a b/u&.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\",\"fileSize\":5}");

        assertThat(signed.statusCode()).as(signed.body()).isEqualTo(200);
        assertThat(signed.headers().firstValue("X-Request-Id"))
                .hasValueSatisfying(id -> assertThat(id).startsWith("sup_"));
        assertThat(signed.headers().firstValue("RateLimit-Policy"))
                .hasValue("\"signed-url\";q=200;w=60, \"signed-url-instance\";q=100;w=60");
        assertThat(signed.headers().firstValue("RateLimit"))
                .hasValueSatisfying(value -> assertThat(value).startsWith("\"signed-url-instance\";r=99;t="));
        assertThat(signed.headers().firstValue("Server-Timing"))
                .hasValueSatisfying(value ->
                        assertThat(value).contains("memory;dur=", "redis;dur=", "supabase;dur=", "total;dur="));
        assertThat(JsonPath.<Boolean>read(signed.body(), "$.success")).isTrue();
        assertThat(JsonPath.<String>read(signed.body(), "$.path")).isEqualTo("a b/u&.png");
        assertThat(JsonPath.<String>read(signed.body(), "$.token")).isNotEmpty();
        assertThat(JsonPath.<Number>read(signed.body(), "$.timing.total").doubleValue())
                .isPositive();

        String uploadUrl = JsonPath.read(signed.body(), "$.uploadUrl");
        HttpResponse<String> uploaded = send(HttpRequest.newBuilder(URI.create(uploadUrl))
                .header("Content-Type", "image/png")
                .PUT(HttpRequest.BodyPublishers.ofString("bytes"))
                .build());

        assertThat(uploaded.statusCode()).as(uploaded.body()).isEqualTo(200);
        assertThat(supabase.storedObject("avatars", "a b/u&.png")).isNotNull();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(database.number(
                                "select requests from request_metrics where user_id = 'alice' and failures = 0"))
                        .isEqualTo(1));
        assertThat(database.number("select current from user_quotas where user_id = 'alice'"))
                .isEqualTo(1);
        assertThat(database.number(
                        "select count(*) from usage_events where user_id = 'alice' and kind = 'charge' and amount = 1"))
                .isEqualTo(1);
    }

    @Test
    void servesAHolderOfASupabaseToken() throws Exception {
        String user = "11111111-1111-4111-8111-111111111111";
        user(user, 10);
        database.execute("create policy own_folder on storage.objects for insert to authenticated"
                + " with check (bucket_id = 'avatars' and name like auth.uid() || '/%')");

        HttpResponse<String> own = post(
                "/v1/supabase/signed-url",
                Map.of("Authorization", "Bearer " + supabase.accessToken(user, "pro")),
                "{\"filename\":\"" + user + "/a.txt\",\"contentType\":\"text/plain\",\"supabaseBucket\":\"avatars\"}");
        HttpResponse<String> foreign = post(
                "/v1/supabase/signed-url",
                Map.of("Authorization", "Bearer " + supabase.accessToken(user, "pro")),
                "{\"filename\":\"other/a.txt\",\"contentType\":\"text/plain\",\"supabaseBucket\":\"avatars\"}");

        assertThat(own.statusCode()).as(own.body()).isEqualTo(200);
        assertThat(foreign.statusCode()).as(foreign.body()).isEqualTo(403);
        assertThat(JsonPath.<String>read(foreign.body(), "$.code")).isEqualTo("BUCKET_ACCESS_DENIED");
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(database.number(
                                "select count(*) from usage_events where user_id = '" + user + "' and kind = 'refund'"))
                        .as("the refused signature is given back")
                        .isEqualTo(1));
        assertThat(database.number("select current from user_quotas where user_id = '" + user + "'"))
                .isEqualTo(1);
    }

    @Test
    void streamsAnUploadAndADeletionThroughTheEdge() throws Exception {
        String key = user("bob", 10);
        byte[] body = "x".repeat(300_000).getBytes(StandardCharsets.UTF_8);

        HttpResponse<String> put =
                send(HttpRequest.newBuilder(URI.create(edge.url() + "/v1/upload/avatars/in/b%20c.txt"))
                        .header("X-API-Key", key)
                        .header("Content-Type", "text/plain")
                        .PUT(HttpRequest.BodyPublishers.ofByteArray(body))
                        .build());
        assertThat(put.statusCode()).as(put.body()).isEqualTo(200);
        assertThat(supabase.storedObject("avatars", "in/b c.txt")).isNotNull();

        HttpResponse<String> url = post(
                "/v1/supabase/download-url",
                Map.of("X-API-Key", key),
                "{\"filename\":\"in/b c.txt\",\"supabaseBucket\":\"avatars\",\"expiresIn\":60}");
        assertThat(url.statusCode()).as(url.body()).isEqualTo(200);
        HttpResponse<String> downloaded =
                send(HttpRequest.newBuilder(URI.create(JsonPath.read(url.body(), "$.downloadUrl")))
                        .build());
        assertThat(downloaded.body()).hasSize(body.length);

        HttpResponse<String> deleted =
                send(HttpRequest.newBuilder(URI.create(edge.url() + "/v1/upload/avatars/in/b%20c.txt"))
                        .header("X-API-Key", key)
                        .DELETE()
                        .build());
        assertThat(deleted.statusCode()).as(deleted.body()).isEqualTo(200);
        assertThat(supabase.storedObject("avatars", "in/b c.txt")).isNull();
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(database.number("select current from user_quotas where user_id = 'bob'"))
                                .isEqualTo(3));
    }

    private static String user(String userId, int limit) {
        database.update("insert into user_quotas (user_id, \"limit\") values (?, ?)", userId, limit);
        database.update(
                "insert into bucket_grants (user_id, bucket_id, can_read, can_write) values (?, 'avatars', true, true)",
                userId);
        return supabase.createApiKey(userId, null);
    }

    private static HttpResponse<String> post(String path, Map<String, String> headers, String json) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(edge.url() + path))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(json));
        headers.forEach(request::header);
        return send(request.build());
    }

    private static HttpResponse<String> send(HttpRequest request) throws Exception {
        return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
    }
}
