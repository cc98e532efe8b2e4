package dev.sluice.outage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Link;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.time.Duration;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * By how much an outage can let a user past their limit (invariant I1 of the design): each test takes all that can be had,
 * and finds exactly the bound.
 */
class OverrunBoundsIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int LIMIT = 10;
    private static final int BASE = 2;
    private static final int PENDING = 3;
    private static final String AWAY = "{\"code\":\"XX000\",\"message\":\"away\"}";
    private static final String[] SETTINGS = {
        "sluice.redis.timeout", "500ms",
        "sluice.supabase.timeout", "5s",
        "sluice.quota.refusal-memory", "0s",
        "sluice.operations.signed-url.memory", "1000/1m",
        "sluice.operations.signed-url.redis", "1000/1m"
    };

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start(SETTINGS);
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void heal() {
        stack.supabase().faults().clear();
        stack.redis().thaw();
        await().atMost(SOON)
                .ignoreExceptions()
                .until(() -> stack.health().json().path("status").asString().equals("UP"));
    }

    @Test
    void aTotalOutageAddsAtMostWhatWasPendingInRedis() {
        String key = userWithBase("total");
        stack.supabase().faults().status("rest.rpc.apply_usage", 503, AWAY);
        assertThat(admitted(PENDING, () -> sign(key))).isEqualTo(PENDING);

        stack.redis().freeze();
        int byDatabase = admitted(2 * LIMIT, () -> sign(key));
        stack.redis().thaw();
        stack.supabase().faults().clear();

        assertThat(BASE + PENDING + byDatabase).isEqualTo(LIMIT + PENDING);
        assertEndsAt("total", LIMIT + PENDING);
        assertThat(sign(key)).isEqualTo(403);
    }

    @Test
    void instancesThatAreCutOffAddAtMostWhatWasLeft() {
        String key = userWithBase("partial");
        try (Link link = Link.to(stack.redis().port());
                Edge cutOff = edge(link)) {
            assertThat(sign(cutOff, userWithBase("warm-up"))).isEqualTo(200);
            stack.supabase().faults().status("rest.rpc.apply_usage", 503, AWAY);
            assertThat(sign(key)).isEqualTo(200);

            link.cut();
            int byDatabase = admitted(2 * LIMIT, () -> sign(cutOff, key));
            int byRedis = 1 + admitted(2 * LIMIT, () -> sign(key));
            link.mend();
            stack.supabase().faults().clear();

            assertThat(BASE + byDatabase + byRedis).isEqualTo(2 * LIMIT - BASE);
            assertEndsAt("partial", 2 * LIMIT - BASE);
            assertThat(sign(key)).isEqualTo(403);
        }
    }

    @Test
    void anEmptiedRedisAddsAtMostWhatWasPendingInIt() {
        String key = userWithBase("emptied");
        stack.supabase().faults().status("rest.rpc.apply_usage", 503, AWAY);
        assertThat(admitted(PENDING, () -> sign(key))).isEqualTo(PENDING);

        stack.redis().flushAll();
        int afterwards = admitted(2 * LIMIT, () -> sign(key));
        stack.supabase().faults().clear();

        // The worker tells the new ledger of what it had read before, at the latest when the database takes it.
        assertThat(BASE + PENDING + afterwards).isBetween(LIMIT, LIMIT + PENDING);
        // That is not lost with the stream.
        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(stack.current("emptied")).isBetween((long) LIMIT, LIMIT + (long) PENDING));
    }

    /** The instance that never lost Redis learns of the charges by the fence of the one that was started again. */
    @Test
    void anInstanceThatIsStartedAgainTellsOfWhatItChargedThroughTheDatabase() {
        String key = userWithBase("restarted");
        try (Link link = Link.to(stack.redis().port())) {
            try (Edge charging = edge(link)) {
                assertThat(sign(charging, userWithBase("warmed-up"))).isEqualTo(200);
                link.cut();
                assertThat(admitted(5, () -> sign(charging, key))).isEqualTo(5);
            }
            link.mend();
            try (Edge again = edge(link)) {
                assertThat(sign(again, userWithBase("again"))).isEqualTo(200);

                int afterwards = admitted(2 * LIMIT, () -> sign(key));

                assertThat(BASE + 5 + afterwards).isEqualTo(LIMIT);
                assertEndsAt("restarted", LIMIT);
            }
        }
    }

    private static Edge edge(Link link) {
        String[] settings = new String[SETTINGS.length + 2];
        System.arraycopy(SETTINGS, 0, settings, 0, SETTINGS.length);
        settings[SETTINGS.length] = "spring.data.redis.url";
        settings[SETTINGS.length + 1] = "redis://127.0.0.1:" + link.port();
        return Edge.start(stack.redis(), stack.supabase(), settings);
    }

    /** A user of whose limit the database has counted {@link #BASE}, and Redis knows it. */
    private static String userWithBase(String user) {
        String key = stack.user(user, LIMIT);
        assertThat(admitted(BASE, () -> sign(key))).isEqualTo(BASE);
        assertEndsAt(user, BASE);
        return key;
    }

    private static void assertEndsAt(String user, long current) {
        await().atMost(SOON).untilAsserted(() -> assertThat(stack.current(user)).isEqualTo(current));
    }

    /** Asks until it is refused, at most so many times; how often it was not. */
    private static int admitted(int most, IntSupplier ask) {
        int admitted = 0;
        while (admitted < most) {
            int status = ask.getAsInt();
            assertThat(status).isIn(200, 403);
            if (status == 403) {
                return admitted;
            }
            admitted++;
        }
        return admitted;
    }

    private static int sign(String key) {
        Answer answer = stack.sign(key, System.nanoTime() + ".png");
        return answer.status();
    }

    private static int sign(Edge edge, String key) {
        return edge.client()
                .post()
                .uri("/v1/supabase/signed-url")
                .header("X-API-Key", key)
                .header("Content-Type", "application/json")
                .bodyValue("{\"filename\":\"" + System.nanoTime()
                        + ".png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + Stack.BUCKET + "\"}")
                .exchange()
                .returnResult(Void.class)
                .getStatus()
                .value();
    }
}
