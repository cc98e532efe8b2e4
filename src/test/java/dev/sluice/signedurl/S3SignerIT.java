package dev.sluice.signedurl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import dev.sluice.testkit.supabase.LocalSupabase;
import io.lettuce.core.ScoredValue;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Signer {@code s3}: an upload is bound to its size and type, and pays for what it reserved only if it comes. */
class S3SignerIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** The routes file is followed, so it stays for as long as the instance runs. */
    @TempDir
    static Path directory;

    private static Stack stack;

    private final String user = "s3-" + UUID.randomUUID();
    private final String name = UUID.randomUUID() + "/a b+c.png";

    @BeforeAll
    static void start() throws IOException {
        Path routes = directory.resolve("routes.yml");
        Files.writeString(
                routes,
                Files.readString(Path.of("gateway-routes.yml"))
                        .replace("- Quota=requests", "- Quota=bytes\n                - Quota=requests"));
        List<String> settings = new ArrayList<>(List.of(LocalSupabase.s3Settings()));
        settings.addAll(List.of(
                "SLUICE_ROUTES", routes.toString(),
                "sluice.signed-url.expires-in", "2s",
                "sluice.upload.release-grace", "0s",
                "sluice.upload.release-interval", "200ms"));
        stack = Stack.start(settings.toArray(String[]::new));
        stack.supabase().createBucket("foreign");
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    @AfterEach
    void clear() {
        stack.supabase().faults().clear();
    }

    @Test
    void bindsAnUploadToItsSizeAndType() {
        JsonNode signed = ok(sign(stack.user(user, 10), name, 6));
        assertThat(signed.propertyNames())
                .containsExactly("success", "uploadUrl", "method", "headers", "path", "requestId", "timing");
        assertThat(signed.get("method").asString()).isEqualTo("PUT");
        assertThat(signed.get("headers").toString())
                .isEqualTo("{\"content-type\":\"image/png\",\"content-length\":\"6\"}");
        String url = signed.get("uploadUrl").asString();
        assertThat(url)
                .startsWith(stack.supabase().url() + "/storage/v1/s3/avatars/"
                        + name.replace(" ", "%20").replace("+", "%2B"))
                .contains("X-Amz-SignedHeaders=content-length%3Bcontent-type%3Bhost", "X-Amz-Expires=2");

        assertRefused(put(url, "image/png", BodyPublishers.ofString("larger!")));
        assertRefused(put(url, "image/png", BodyPublishers.ofString("small")));
        assertRefused(put(url, "image/gif", BodyPublishers.ofString("pixels")));
        assertRefused(put(
                url,
                "image/png",
                BodyPublishers.ofInputStream(
                        () -> new ByteArrayInputStream("pixels".getBytes(StandardCharsets.UTF_8)))));
        assertThat(stack.supabase().storedObject("avatars", name)).isNull();
        assertThat(put(url, "image/png", BodyPublishers.ofString("pixels")).status())
                .isEqualTo(200);
        assertThat(stack.supabase().storedObject("avatars", name)).isNotNull();
    }

    @Test
    void presignsADownload() {
        String key = stack.user(user, 10);
        JsonNode signed = ok(sign(key, name, 6));
        assertThat(put(signed.get("uploadUrl").asString(), "image/png", BodyPublishers.ofString("pixels"))
                        .status())
                .isEqualTo(200);

        JsonNode download = ok(stack.post(
                "/v1/supabase/download-url",
                Map.of("X-API-Key", key),
                "{\"filename\":\"" + name + "\",\"supabaseBucket\":\"avatars\",\"expiresIn\":60}"));

        Answer object = stack.send(
                HttpRequest.newBuilder(URI.create(download.get("downloadUrl").asString()))
                        .build());
        assertThat(object.body()).isEqualTo("pixels");
    }

    @Test
    void asksForTheSizeBeforeAnythingIsCharged() {
        Answer answer = stack.sign(stack.user(user, 10), name);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("field").asString()).isEqualTo("fileSize");
    }

    @Test
    void refusesMoreBytesThanAreLeft() {
        String key = limited(100);
        ok(sign(key, name, 60));

        Answer spent = sign(key, name + "2", 41);

        assertThat(spent.code()).isEqualTo("QUOTA_EXCEEDED");
        assertThat(spent.json().get("unit").asString()).isEqualTo("bytes");
        assertThat(spent.json().get("current").asLong()).isEqualTo(60);
    }

    @Test
    void givesTheBytesBackOfAnUploadThatNeverCame() {
        String key = limited(1000);
        String uploaded = ok(sign(key, name, 6)).get("uploadUrl").asString();
        ok(sign(key, name + ".never", 500));
        assertThat(put(uploaded, "image/png", BodyPublishers.ofString("pixels")).status())
                .isEqualTo(200);
        await().atMost(PATIENCE).until(() -> bytes() == 506);

        await().atMost(PATIENCE).until(() -> bytes() == 6);
        await().atMost(PATIENCE).until(() -> pending() == 0);
        assertThat(stack.current(user)).isEqualTo(2);
        assertThat(bytes()).isEqualTo(6);
    }

    @Test
    void takesNoOlderObjectForTheUpload() {
        String key = limited(1000);
        String url = ok(sign(key, name, 6)).get("uploadUrl").asString();
        assertThat(put(url, "image/png", BodyPublishers.ofString("pixels")).status())
                .isEqualTo(200);
        await().atMost(PATIENCE).until(() -> pending() == 0);
        stack.database()
                .update("update storage.objects set updated_at = now() - interval '1 hour' where name = ?", name);

        ok(sign(key, name, 500));

        await().atMost(PATIENCE).until(() -> bytes() == 506);
        await().atMost(PATIENCE).until(() -> bytes() == 6);
    }

    @Test
    void waitsForAnUploadAsLongAsItMayTake() {
        long size = 1L << 30;
        ok(sign(limited(2 * size), name, size));
        String waitedFor = KeySpace.pendingUploads(KeySpace.partition(user));

        ScoredValue<String> upload = stack.redis().client().zrangeWithScores(waitedFor, 0, -1).stream()
                .filter(member -> member.getValue().contains(user))
                .findFirst()
                .orElseThrow();

        // The URL's life, and 1 GiB at 64 KiB a second.
        long due = Duration.ofSeconds(2 + 16_384).toMillis();
        assertThat((long) upload.getScore() - System.currentTimeMillis()).isBetween(due - 60_000, due);
        stack.redis().client().zrem(waitedFor, upload.getValue());
    }

    @Test
    void chargesARepetitionForTheUrlThatItGets() {
        String key = limited(1000);
        Map<String, String> headers = Map.of("X-API-Key", key, "Idempotency-Key", "k");
        JsonNode first = ok(stack.post("/v1/supabase/signed-url", headers, item(name, "avatars", 400)));
        stack.redis().client().keys("sluice:idempotency:*").forEach(record -> {
            stack.redis().client().hdel(record, "answer", "useful");
            stack.redis().client().hset(record, Map.of("owner", "somebody who died", "lease", "1"));
        });

        JsonNode again = ok(stack.post("/v1/supabase/signed-url", headers, item(name, "avatars", 400)));

        assertThat(again.get("requestId")).isNotEqualTo(first.get("requestId"));
        await().atMost(PATIENCE)
                .until(() -> stack.database()
                                .number(
                                        "select count(*) from usage_events where user_id = ? and kind = 'charge' and"
                                                + " bytes = 400",
                                        user)
                        == 2);
    }

    @Test
    void givesNothingBackWhileStorageDoesNotSay() {
        String key = limited(1000);
        stack.supabase().faults().status("s3.head", 503, "");
        ok(sign(key, name, 500));

        await().atMost(PATIENCE).until(() -> bytes() == 500);
        stack.supabase().forgetCalls();
        await().atMost(PATIENCE).until(() -> stack.supabase().calls("s3.head"), calls -> calls > 1);
        assertThat(bytes()).isEqualTo(500);

        stack.supabase().faults().clear();
        await().atMost(PATIENCE).until(() -> bytes() == 0);
    }

    @Test
    void settlesAPartialBatchWithOneRefund() {
        String key = limited(1000);

        JsonNode signed = ok(stack.post(
                "/v1/supabase/signed-urls",
                Map.of("X-API-Key", key),
                "{\"partial\":true,\"items\":[" + item(name, "avatars", 6) + "," + item(name, "foreign", 70) + ","
                        + item(name + "2", "avatars", 500) + "]}"));

        assertThat(signed.get("items")
                        .valueStream()
                        .map(item -> item.get("success").asBoolean()))
                .containsExactly(true, false, true);
        put(signed.at("/items/0/uploadUrl").asString(), "image/png", BodyPublishers.ofString("pixels"));
        await().atMost(PATIENCE).until(() -> bytes() == 6 && stack.current(user) == 2);
    }

    private static Answer sign(String key, String filename, long size) {
        return stack.post("/v1/supabase/signed-url", Map.of("X-API-Key", key), item(filename, "avatars", size));
    }

    private static String item(String filename, String bucket, long size) {
        return "{\"filename\":\"" + filename + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + bucket
                + "\",\"fileSize\":" + size + "}";
    }

    private static JsonNode ok(Answer answer) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static Answer put(String url, String type, BodyPublisher body) {
        return stack.send(HttpRequest.newBuilder(URI.create(url))
                .header("Content-Type", type)
                .PUT(body)
                .build());
    }

    private static void assertRefused(Answer answer) {
        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.body()).contains("<Code>SignatureDoesNotMatch</Code>");
    }

    private String limited(long bytes) {
        String key = stack.user(user, 10);
        stack.database().update("update user_quotas set bytes_limit = ? where user_id = ?", bytes, user);
        return key;
    }

    private long bytes() {
        return stack.database().number("select bytes_current from user_quotas where user_id = ?", user);
    }

    private static long pending() {
        return stack.redis().client().keys("sluice:uploads:*").size();
    }
}
