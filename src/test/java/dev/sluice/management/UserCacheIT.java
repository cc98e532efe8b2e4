package dev.sluice.management;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Link;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What DELETE usercache makes two instances forget, of which the second can be cut off from Redis. */
class UserCacheIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String TOKEN = "management-token-of-this-test";

    /** So long that nothing is forgotten here but what was told to be. */
    private static final String TTL = "1h";

    private static final String GRANTED = "{\"quota\":null,\"canRead\":true,\"canWrite\":true}";

    private static Stack stack;
    private static Link toRedis;
    private static Link toSupabase;
    private static Edge other;

    @BeforeAll
    static void startAll() {
        stack = Stack.start("sluice.management.token", TOKEN, "sluice.identity.cache-ttl", TTL);
        toRedis = Link.to(stack.redis().port());
        toSupabase = Link.to(URI.create(stack.supabase().url()).getPort());
        other = Edge.start(
                stack.redis(),
                stack.supabase(),
                "sluice.management.token",
                TOKEN,
                "sluice.identity.cache-ttl",
                TTL,
                "spring.data.redis.url",
                "redis://127.0.0.1:" + toRedis.port(),
                "SUPABASE_URL",
                "http://127.0.0.1:" + toSupabase.port());
    }

    @AfterAll
    static void stopAll() {
        other.close();
        stack.close();
        toSupabase.close();
        toRedis.close();
    }

    @AfterEach
    void heal() {
        stack.supabase().faults().clear();
        toSupabase.delay(Duration.ZERO);
        toRedis.mend();
        await().atMost(SOON).until(() -> other.bean(RedisConnection.class).isConnected());
    }

    @Test
    void forgetsWhatIsKnownOfAUser() {
        String key = stack.user("a:b {c}", 10);
        String other = stack.user("kept", 10);
        assertThat(stack.sign(key, "1.png").status()).isEqualTo(200);
        assertThat(stack.sign(other, "2.png").status()).isEqualTo(200);
        stack.database().update("delete from bucket_grants where user_id in ('a:b {c}', 'kept')");
        assertThat(stack.sign(key, "3.png").status())
                .as("the verdict is remembered")
                .isEqualTo(200);

        Answer forgotten = forget("a:b%20%7Bc%7D");

        assertThat(forgotten.status()).as(forgotten.body()).isEqualTo(200);
        assertThat(forgotten.json().path("verdicts").longValue())
                .as("to read and to write")
                .isEqualTo(2);
        assertThat(stack.sign(key, "4.png").code()).isEqualTo("BUCKET_ACCESS_DENIED");
        assertThat(stack.sign(other, "5.png").status()).as("another's").isEqualTo(200);

        stack.database().update("update api_keys set revoked_at = now() where user_id = 'a:b {c}'");
        forget("a:b%20%7Bc%7D");
        assertThat(stack.sign(key, "6.png").code()).isEqualTo("UNAUTHENTICATED");
    }

    @Test
    void isForgottenByAnInstanceThatWasCutOffMeanwhile() {
        String revoked = stack.user("both", 100);
        String valid = stack.supabase().createApiKey("both", null);
        for (String key : new String[] {revoked, valid}) {
            assertThat(status(other, key)).isEqualTo(200);
        }
        toRedis.cut();
        revoke(revoked);
        stack.database().update("delete from bucket_grants where user_id = 'both'");

        assertThat(forget("both").status()).isEqualTo(200);
        assertThat(stack.sign(revoked, "here.png").status()).isEqualTo(401);
        assertThat(status(other, revoked)).as("not told yet").isEqualTo(200);

        toRedis.mend();
        await().atMost(SOON).until(() -> status(other, revoked) == 401);
        toRedis.cut();
        await().atMost(SOON).until(() -> !other.bean(RedisConnection.class).isConnected());
        assertThat(status(other, valid))
                .as("without Redis the last verdict would hold")
                .isEqualTo(403);
    }

    @Test
    void saysHowManyInstancesHaveForgotten() {
        String key = stack.user("counted", 100);
        assertThat(status(other, key)).isEqualTo(200);
        stack.database().update("delete from bucket_grants where user_id = 'counted'");
        await().atMost(SOON)
                .until(() -> forget("nobody").json().at("/instances/live").longValue() == 2);

        Answer forgotten = forget("counted");

        assertThat(forgotten.json().at("/instances/done").longValue())
                .as("the other one was woken and has said so")
                .isEqualTo(2);
        assertThat(status(other, key)).as("at once").isEqualTo(403);
    }

    @Test
    void aResetReachesTheMemoryOfTheOtherInstance() {
        String key = stack.user("limited", 1000);
        stack.redis().client().hset(KeySpace.rate("limited", "signed-url", 60), full());
        assertThat(status(other, key)).isEqualTo(429);
        stack.redis().client().del(KeySpace.rate("limited", "signed-url", 60));
        assertThat(status(other, key)).as("remembered there").isEqualTo(429);
        await().atMost(SOON)
                .until(() -> forget("nobody").json().at("/instances/live").longValue() == 2);

        Answer reset = management("DELETE", stack.edge(), "limits/limited");

        assertThat(reset.json().at("/instances/done").longValue()).isEqualTo(2);
        assertThat(status(other, key)).isEqualTo(200);
    }

    @Test
    void saysThatOnlyThisInstanceHasForgottenWhileRedisIsAway() {
        toRedis.cut();
        await().atMost(SOON).until(() -> !other.bean(RedisConnection.class).isConnected());

        Answer forgotten = management("DELETE", other, "usercache/alone");
        assertThat(forgotten.status()).as(forgotten.body()).isEqualTo(503);
        assertThat(forgotten.code()).isEqualTo("ACCESS_CHECK_UNAVAILABLE");
        assertThat(forgotten.json().path("thisInstance").booleanValue()).isTrue();
        assertThat(forgotten.json().path("othersWithin").longValue())
                .as("the longest of the lives, in s")
                .isEqualTo(3600);
        Answer reset = management("DELETE", other, "limits/alone");
        assertThat(reset.status()).isEqualTo(503);
        assertThat(reset.json().path("othersWithin").longValue()).isEqualTo(60);
        assertThat(reset.json().path("hint").asString()).isNotBlank();
        assertThat(reset.header("Retry-After")).isNotBlank();
    }

    /** More than any limit, counted now. */
    private static Map<String, String> full() {
        return Map.of(Long.toString(System.currentTimeMillis() / 3000), "1000");
    }

    @Test
    void everybodyIsForgottenWhereRedisLostWhoWasToBe() {
        String told = stack.user("told", 100);
        String untold = stack.user("untold", 100);
        assertThat(status(other, told)).isEqualTo(200);
        assertThat(status(other, untold)).isEqualTo(200);
        revoke(told);
        assertThat(forget("told").status()).isEqualTo(200);
        await().atMost(SOON).until(() -> status(other, told) == 401);
        revoke(untold);
        assertThat(status(other, untold)).isEqualTo(200);

        stack.redis().client().del("sluice:usercache");

        await().atMost(SOON).until(() -> status(other, untold) == 401);
    }

    @Test
    void anAnswerThatWasOnItsWayIsNotRemembered() {
        String key = stack.user("racing", 100);
        stack.database().update("delete from bucket_grants where user_id = 'racing'");
        assertThat(status(other, key)).isEqualTo(403);
        stack.redis().client().del(KeySpace.bucket("racing", Stack.BUCKET, 'r'));
        stack.redis().client().del(KeySpace.bucket("racing", Stack.BUCKET, 'w'));
        // As the database would have answered before the grant was taken away.
        stack.supabase().faults().status("rest.rpc.edge_facts", 200, GRANTED).times("rest.rpc.edge_facts", 1);
        long asked = stack.supabase().calls("rest.rpc.edge_facts");
        toSupabase.delay(Duration.ofSeconds(1));
        CompletableFuture<Integer> underWay = CompletableFuture.supplyAsync(() -> status(other, key));
        await().atMost(SOON).until(() -> stack.supabase().calls("rest.rpc.edge_facts") > asked);

        assertThat(forget("racing").status()).isEqualTo(200);
        toSupabase.delay(Duration.ZERO);

        assertThat(underWay).succeedsWithin(SOON);
        assertThat(status(other, key)).isEqualTo(403);
    }

    private static void revoke(String key) {
        stack.database()
                .update(
                        "update api_keys set revoked_at = now() where key_hash = encode(sha256(convert_to(?, 'UTF8')), 'hex')",
                        key);
    }

    private static Answer forget(String encodedUserId) {
        return management("DELETE", stack.edge(), "usercache/" + encodedUserId);
    }

    private static Answer management(String method, Edge edge, String path) {
        return stack.send(
                HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.managementPort() + "/actuator/" + path))
                        .header("Authorization", "Bearer " + TOKEN)
                        .method(method, BodyPublishers.noBody())
                        .build());
    }

    private static int status(Edge edge, String key) {
        return stack.send(HttpRequest.newBuilder(URI.create(edge.url() + "/v1/supabase/signed-url"))
                        .header("Content-Type", "application/json")
                        .header("X-API-Key", key)
                        .POST(BodyPublishers.ofString("{\"filename\":\"" + System.nanoTime()
                                + ".png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + Stack.BUCKET + "\"}"))
                        .build())
                .status();
    }
}
