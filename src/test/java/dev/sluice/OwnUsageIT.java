package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/** What a caller is told of their own limits, and from where. */
class OwnUsageIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static Stack stack;

    private final String user = "usage-" + UUID.randomUUID();

    @BeforeAll
    static void start() {
        stack = MintingStack.shared();
    }

    @Test
    void tellsWhatIsLeftByUnitAndOperation() {
        String key = stack.user(user, 10);
        stack.database()
                .update(
                        "update user_quotas set bytes_limit = 1000, bytes_current = 200, period = '1 day',"
                                + " period_starts_at = now(), period_ends_at = now() + interval '1 day' where user_id = ?",
                        user);
        assertThat(stack.sign(key, "a.png").status()).isEqualTo(200);
        assertThat(stack.sign(key, "b.png").status()).isEqualTo(200);

        Answer answer = usage(key);

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
        assertThat(answer.header("RateLimit-Policy")).contains("\"usage-instance\";q=60;w=60");
        JsonNode body = answer.json();
        assertThat(body.propertyNames())
                .containsExactly("success", "userId", "plan", "quota", "operations", "source", "requestId", "timing");
        assertThat(body.get("userId").asString()).isEqualTo(user);
        assertThat(body.get("source").asString()).isEqualTo("redis");
        JsonNode requests = body.at("/quota/requests");
        assertThat(requests.propertyNames()).containsExactly("limit", "used", "reserved", "remaining", "resetIn");
        assertThat(requests.get("limit").asLong()).isEqualTo(10);
        assertThat(requests.get("used").asLong()).isEqualTo(2);
        assertThat(requests.get("remaining").asLong()).isEqualTo(8);
        assertThat(requests.get("resetIn").asLong()).isBetween(80_000_000L, 86_400_000L);
        assertThat(body.at("/quota/bytes/used").asLong()).isEqualTo(200);
        assertThat(body.at("/quota/bytes/remaining").asLong()).isEqualTo(800);
        JsonNode window = body.at("/operations/signed-url/windows/0");
        assertThat(window.toString())
                .startsWith("{\"limit\":30,\"window\":60,\"used\":2,\"remaining\":28,\"resetIn\":");
        assertThat(window.get("resetIn").asLong()).isBetween(1L, 63_000L);
        assertThat(body.at("/operations/signed-url/instance/limit").asLong()).isEqualTo(20);
        assertThat(body.at("/operations/delete/windows/0/used").asLong()).isZero();

        // Reserved is the part of it that the database has not counted yet.
        await().atMost(PATIENCE)
                .until(() -> usage(key).json().at("/quota/requests/reserved").asLong(), reserved -> reserved == 0);
        assertThat(usage(key).json().at("/quota/requests/used").asLong()).isEqualTo(2);
        assertThat(stack.current(user)).isEqualTo(2);
    }

    @Test
    void asksTheDatabaseForWhomRedisDoesNotKnow() {
        String key = stack.user(user, 7);
        stack.database().update("update user_quotas set current = 3 where user_id = ?", user);

        JsonNode body = usage(key).json();

        assertThat(body.get("source").asString()).isEqualTo("database");
        assertThat(body.at("/quota/requests/used").asLong()).isEqualTo(3);
        assertThat(body.at("/quota/requests/remaining").asLong()).isEqualTo(4);
        assertThat(body.at("/quota/requests/resetIn").isNull()).isTrue();
        assertThat(body.at("/quota/bytes/limit").isNull()).isTrue();
        assertThat(body.at("/quota/bytes/remaining").isNull()).isTrue();
        assertThat(stack.redis().client().keys("*" + user + "*")).isEmpty();
    }

    @Test
    void readsTheDatabaseAgainWhereTheLedgerIsFenced() {
        String key = stack.user(user, 7);
        assertThat(stack.sign(key, "a.png").status()).isEqualTo(200);
        String ledger = stack.redis().client().keys("*:quota:" + user).get(0);
        stack.redis().client().hset(ledger, "fence", "1:another");

        assertThat(usage(key).json().get("source").asString()).isEqualTo("database");
    }

    @Test
    void tellsOnlyWhoIsKnown() {
        assertThat(usage("no key").code()).isEqualTo("UNAUTHENTICATED");
    }

    private static Answer usage(String key) {
        return stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/usage"))
                .header("X-API-Key", key)
                .build());
    }
}
