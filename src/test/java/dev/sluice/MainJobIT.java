package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.test.web.reactive.server.WebTestClient;

/** The main job from end to end: a caller gets a URL, uploads a real file with it, and the usage is in Postgres once. */
class MainJobIT {

    private static final Duration SOON = Duration.ofSeconds(30);

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start(
                "sluice.redis.timeout", "30s",
                "sluice.plans.crowd.operations.signed-url.memory", "1000/1m",
                "sluice.plans.crowd.operations.signed-url.redis", "1000/1m");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @Test
    void uploadsAFileWithASignedUrlAndRecordsItOnce() {
        String key = stack.user("alice", 10);

        Answer signed = stack.sign(key, "a b/u&.png");

        assertThat(signed.status()).as(signed.body()).isEqualTo(200);
        assertThat(signed.header("X-Request-Id")).startsWith("sup_").isEqualTo(text(signed, "requestId"));
        assertThat(signed.header("RateLimit-Policy"))
                .isEqualTo("\"signed-url\";q=200;w=60, \"signed-url-instance\";q=100;w=60");
        assertThat(signed.header("RateLimit")).startsWith("\"signed-url-instance\";r=99;t=");
        assertThat(signed.header("Server-Timing"))
                .contains("memory;dur=", "redis;dur=", "supabase;dur=")
                .contains("total;dur=");
        assertThat(signed.json().path("success").booleanValue()).isTrue();
        assertThat(text(signed, "path")).isEqualTo("a b/u&.png");
        assertThat(text(signed, "token")).isNotEmpty();
        assertThat(signed.json().path("timing").path("total").doubleValue()).isPositive();

        Answer uploaded = stack.send(HttpRequest.newBuilder(URI.create(text(signed, "uploadUrl")))
                .header("Content-Type", "image/png")
                .PUT(BodyPublishers.ofString("bytes"))
                .build());

        assertThat(uploaded.status()).as(uploaded.body()).isEqualTo(200);
        assertThat(stack.supabase().storedObject(Stack.BUCKET, "a b/u&.png")).isNotNull();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(
                                stack.database()
                                        .number(
                                                "select coalesce(sum(requests - failures), 0) from request_metrics where user_id = 'alice'"))
                        .isEqualTo(1));
        assertThat(stack.current("alice")).isEqualTo(1);
        assertThat(stack.database()
                        .number("select count(*) from usage_events where user_id = 'alice' and kind = 'charge'"))
                .isEqualTo(1);
    }

    /** Beside a Redis that answers in time; each charge that goes past it makes the ledger read its facts anew. */
    @Test
    void asksTheDatabaseOnceForFiveHundredFirstRequestsOfOneUser() {
        stack.user("crowd", 500);
        String key = stack.supabase().createApiKey("crowd", "crowd");
        long before = stack.supabase().calls("rest.rpc.edge_facts");
        stack.supabase().faults().delay("rest.rpc.edge_facts", Duration.ofMillis(500));
        ExecutorService callers = Executors.newFixedThreadPool(64);

        List<CompletableFuture<Answer>> answers = IntStream.range(0, 500)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> stack.sign(key, i + ".png"), callers))
                .toList();

        assertThat(answers)
                .allSatisfy(answer -> assertThat(answer.join().status()).isEqualTo(200));
        assertThat(stack.sign(key, "more.png").code()).isEqualTo("QUOTA_EXCEEDED");
        assertThat(stack.supabase().calls("rest.rpc.reserve_quota")).isZero();
        assertThat(stack.supabase().calls("rest.rpc.edge_facts") - before).isEqualTo(1);
        stack.supabase().faults().clear();
        callers.shutdown();
    }

    @Test
    void leavesTheJudgementOfAnObjectToRowLevelSecurityForAHolderOfAToken() {
        String user = "11111111-1111-4111-8111-111111111111";
        stack.user(user, 10);
        stack.database()
                .execute("create policy alice_folder on storage.objects for insert to authenticated"
                        + " with check (bucket_id = 'avatars' and name like auth.uid() || '/%')");
        Map<String, String> token =
                Map.of("Authorization", "Bearer " + stack.supabase().accessToken(user, "pro"));

        Answer own = stack.sign(token, user + "/a.txt", Stack.BUCKET);
        Answer foreign = stack.sign(token, "other/a.txt", Stack.BUCKET);

        assertThat(own.status()).as(own.body()).isEqualTo(200);
        assertThat(foreign.status()).as(foreign.body()).isEqualTo(403);
        assertThat(foreign.code()).isEqualTo("BUCKET_ACCESS_DENIED");
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.database()
                                .number(
                                        "select count(*) from usage_events where kind = 'refund' and user_id = ?",
                                        user))
                        .as("the refused signature is given back")
                        .isEqualTo(1));
        assertThat(stack.current(user)).isEqualTo(1);
    }

    @Test
    void needsNoGrantWhereRowLevelSecurityIsTheJudge() {
        String user = "22222222-2222-4222-8222-222222222222";
        stack.database().update("insert into user_quotas (user_id, \"limit\") values (?, 10)", user);
        stack.supabase().createBucket("judged");
        stack.supabase().allowOwnFolder("judged");
        String token = stack.supabase().accessToken(user, null);
        String key = stack.supabase().createApiKey(user, null);
        try (Edge edge = Edge.start(stack.redis(), stack.supabase(), "sluice.bucket-access.source", "caller")) {
            sign(edge, "Authorization", "Bearer " + token, user + "/a.png")
                    .expectStatus()
                    .isOk();
            sign(edge, "Authorization", "Bearer " + token, "other/a.png")
                    .expectStatus()
                    .isForbidden();
            sign(edge, "X-API-Key", key, user + "/b.png").expectStatus().isForbidden();
        }
    }

    private static WebTestClient.ResponseSpec sign(Edge edge, String header, String value, String filename) {
        return edge.client()
                .post()
                .uri("/v1/supabase/signed-url")
                .header(header, value)
                .header("Content-Type", "application/json")
                .bodyValue("{\"filename\":\"" + filename
                        + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\"judged\"}")
                .exchange();
    }

    @Test
    void streamsAnUploadAndADeletionThroughTheEdge() {
        String key = stack.user("bob", 10);
        URI object = URI.create(stack.edge().url() + "/v1/upload/avatars/in/b%20c.txt");

        Answer put = stack.send(HttpRequest.newBuilder(object)
                .header("X-API-Key", key)
                .header("Content-Type", "text/plain")
                .PUT(BodyPublishers.ofByteArray(new byte[300_000]))
                .build());
        assertThat(put.status()).as(put.body()).isEqualTo(200);
        assertThat(stack.supabase().storedObject(Stack.BUCKET, "in/b c.txt")).isNotNull();

        Answer url = stack.post(
                "/v1/supabase/download-url",
                Map.of("X-API-Key", key),
                "{\"filename\":\"in/b c.txt\",\"supabaseBucket\":\"avatars\",\"expiresIn\":60}");
        assertThat(url.status()).as(url.body()).isEqualTo(200);
        Answer downloaded = stack.send(
                HttpRequest.newBuilder(URI.create(text(url, "downloadUrl"))).build());
        assertThat(downloaded.body()).hasSize(300_000);

        Answer deleted = stack.send(
                HttpRequest.newBuilder(object).header("X-API-Key", key).DELETE().build());
        assertThat(deleted.status()).as(deleted.body()).isEqualTo(200);
        assertThat(stack.supabase().storedObject(Stack.BUCKET, "in/b c.txt")).isNull();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(stack.current("bob")).isEqualTo(3));
    }

    private static String text(Answer answer, String field) {
        return answer.json().path(field).asString();
    }
}
