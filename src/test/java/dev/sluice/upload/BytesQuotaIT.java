package dev.sluice.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.DepartingClient;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Stack;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpStatus;

/** Bytes as a quota, through two instances. */
class BytesQuotaIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int PATIENT = 60_000;

    private static Stack stack;
    private static Edge other;

    @BeforeAll
    static void start() {
        String[] settings = {
            "sluice.operations.upload.memory", "100000/1m",
            "sluice.operations.upload.redis", "100000/1m",
            "sluice.operations.upload.max-size", "1MB",
            "sluice.plans.small.operations.upload.max-size", "1KB"
        };
        stack = Stack.start(settings);
        other = Edge.start(stack.redis(), stack.supabase(), settings);
    }

    @AfterAll
    static void stop() {
        other.close();
        stack.close();
    }

    @Test
    void refusesTheByteThatIsTooMuchAndCountsTheOthers() {
        String key = user("exact", 1_000);

        assertThat(put(key, "exact-1.png", 600).status()).isEqualTo(200);
        Stack.Answer refused = put(key, "exact-2.png", 401);
        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.code()).isEqualTo("QUOTA_EXCEEDED");
        assertThat(refused.json().path("unit").asString()).isEqualTo("bytes");
        assertThat(refused.json().path("current").asLong()).isEqualTo(600);
        assertThat(refused.json().path("limit").asLong()).isEqualTo(1_000);
        assertThat(put(key, "exact-2.png", 400).status()).isEqualTo(200);
        awaitBytes("exact", 1_000);
    }

    @Test
    void givesTheBytesBackThatStorageDidNotTake() {
        String key = user("conflict", 10_000);

        assertThat(put(key, "twice.png", 3_000).status()).isEqualTo(200);
        HttpRequest again = request(key, "twice.png")
                .POST(BodyPublishers.ofByteArray(new byte[3_000]))
                .build();
        assertThat(stack.send(again).status()).isGreaterThanOrEqualTo(400);
        awaitBytes("conflict", 3_000);
        assertThat(stack.current("conflict")).isEqualTo(1);
    }

    @Test
    void givesBackWhatDidNotPass() throws IOException {
        String key = user("broken", 1_000_000);
        double before = in();
        long calls = stack.supabase().calls("storage.upload");
        DepartingClient client = DepartingClient.connect(stack.edge().port())
                .send(head(key, "broken.png", 900_000))
                .send(new byte[100_000]);
        await().atMost(SOON).until(() -> stack.supabase().calls("storage.upload") > calls && in() - before == 100_000);
        client.reset();

        awaitBytes("broken", 100_000);
        assertThat(stack.current("broken")).as("the request stays charged").isEqualTo(1);
        await().atMost(SOON)
                .until(() ->
                        number("select count(*) from usage_events where kind = 'outcome' and user_id = ?", "broken")
                                == 1);
        assertThat(number("select bytes from usage_events where kind = 'outcome' and user_id = ?", "broken"))
                .isEqualTo(100_000);
        assertThat(number("select -amount from usage_events where kind = 'refund' and user_id = ?", "broken"))
                .isZero();
    }

    @Test
    void givesAllBackOfABodyThatNeverBegan() throws IOException {
        String key = user("silent", 1_000_000);
        DepartingClient client = DepartingClient.connect(stack.edge().port()).send(head(key, "silent.png", 900_000));
        await().atMost(SOON)
                .until(() -> number("select count(*) from usage_events where kind = 'charge' and user_id = ?", "silent")
                        == 1);
        client.reset();

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(number(
                                "select count(*) from usage_events where kind = 'refund' and user_id = ?", "silent"))
                        .isEqualTo(1));
        awaitBytes("silent", 0);
        assertThat(stack.current("silent")).isZero();
    }

    @Test
    void refusesWhatIsLargerThanTheOperationMayStoreFromItsHeaders() {
        String key = user("large", 10_000_000);
        String small = stack.supabase().createApiKey("large", "small");
        long calls = stack.supabase().calls("storage.upload");

        Stack.Answer refused = put(key, "large.png", 1024 * 1024 + 1);
        assertThat(refused.status()).isEqualTo(413);
        assertThat(refused.code()).isEqualTo("PAYLOAD_TOO_LARGE");
        assertThat(refused.json().path("limit").asLong()).isEqualTo(1024 * 1024);
        assertThat(refused.header("Upload-Limit")).isEqualTo("max-size=1048576");
        Stack.Answer byPlan = put(small, "large.png", 1_025);
        assertThat(byPlan.status()).isEqualTo(413);
        assertThat(byPlan.json().path("limit").asLong()).isEqualTo(1_024);
        assertThat(stack.supabase().calls("storage.upload")).isEqualTo(calls);
        assertThat(stack.redis().client().exists(KeySpace.quota("large")))
                .as("nothing was asked of the ledger")
                .isZero();
        assertThat(put(small, "small.png", 1_024).status()).isEqualTo(200);
    }

    /** I1, I2 and I5 for bytes: many clients, two instances, bodies that break off, and answers that are errors. */
    @Test
    void countsEveryByteOnceAndAdmitsNoneTooMany() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        long limit = 6_000_000;
        String key = user("many", limit);
        double in = in();
        AtomicLong stored = new AtomicLong();
        AtomicLong refused = new AtomicLong();
        AtomicLong looks = new AtomicLong();
        ExecutorService clients = Executors.newFixedThreadPool(13);
        Future<?> watching = clients.submit(() -> {
            while (!Thread.interrupted()) {
                look("many", limit, looks);
                TimeUnit.MILLISECONDS.sleep(1);
            }
            return null;
        });
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            int port = i % 2 == 0 ? stack.edge().port() : other.port();
            int length = 1 + random.nextInt(60_000);
            int sent = i % 3 == 0 ? random.nextInt(length) : length;
            String name = i % 7 == 1 ? "same.png" : "many-" + i + ".png";
            calls.add(clients.submit(() -> {
                try (DepartingClient client = DepartingClient.connect(port)) {
                    client.send(head(key, name, length).replace("PUT", "POST")).send(new byte[sent]);
                    if (sent < length) {
                        return null;
                    }
                    DepartingClient.Answer answer = client.answer(PATIENT);
                    if (answer.is(HttpStatus.OK.value())) {
                        stored.addAndGet(length);
                    } else if (answer.text().contains("QUOTA_EXCEEDED")) {
                        refused.incrementAndGet();
                    } else {
                        assertThat(answer.text()).as("seed %s", seed).contains("OBJECT_EXISTS");
                    }
                }
                return null;
            }));
        }
        for (Future<?> call : calls) {
            call.get();
        }
        watching.cancel(true);
        clients.shutdown();

        await("seed " + seed).atMost(SOON).untilAsserted(() -> {
            assertThat(number(
                            "select count(*) from usage_events c where kind = 'charge' and user_id = ? and not exists"
                                    + " (select from usage_events e where e.id = c.id and e.kind in ('outcome', 'refund'))",
                            "many"))
                    .isZero();
            Map<String, String> ledger = stack.redis().client().hgetall(KeySpace.quota("many"));
            assertThat(ledger).containsKey("incarnation");
            assertThat(ledger.getOrDefault("bytesPending", "0")).isEqualTo("0");
            assertThat(Long.parseLong(ledger.getOrDefault("bytesBase", "-1")))
                    .as("I5: taken over")
                    .isEqualTo(bytes("many"));
        });
        assertThat(bytes("many"))
                .as("I2: admitted less given back, of what was charged at all; seed %s", seed)
                .isEqualTo(number(
                        "select sum(c.bytes + coalesce(r.bytes, 0))::bigint from usage_events c left join usage_events r"
                                + " on r.id = c.id and r.kind = 'refund' where c.kind = 'charge' and c.user_id = ?",
                        "many"))
                .isBetween(stored.get(), limit);
        assertThat(number(
                        "select count(*) from usage_events c join usage_events o on o.id = c.id and o.kind = 'outcome'"
                                + " left join usage_events r on r.id = c.id and r.kind = 'refund'"
                                + " where c.kind = 'charge' and c.user_id = ? and (o.success or r.amount = 0)"
                                + " and c.bytes + coalesce(r.bytes, 0) <> o.bytes",
                        "many"))
                .as("what stays charged is what passed; seed %s", seed)
                .isZero();
        assertThat((long) (in() - in))
                .as("each byte that passed is in one outcome; seed %s", seed)
                .isEqualTo(number(
                        "select sum(bytes)::bigint from usage_events where kind = 'outcome' and user_id = ?", "many"));
        assertThat(stored.get()).isPositive();
        assertThat(looks.get()).isPositive();
    }

    /** I1, and I5 whenever nothing was applied between two looks at the row. */
    private static void look(String user, long limit, AtomicLong looks) {
        String sql = "select version from user_quotas where user_id = ?";
        long version = number(sql, user);
        long counted = bytes(user);
        Map<String, String> ledger = stack.redis().client().hgetall(KeySpace.quota(user));
        long after = number(sql, user);
        assertThat(counted).isBetween(0L, limit);
        if (ledger.isEmpty() || ledger.containsKey("stub")) {
            return;
        }
        long used = Long.parseLong(ledger.getOrDefault("bytesBase", "0"))
                + Long.parseLong(ledger.getOrDefault("bytesPending", "0"));
        assertThat(used).as("I1").isLessThanOrEqualTo(limit);
        if (version == after) {
            assertThat(used).as("I5").isGreaterThanOrEqualTo(counted);
            looks.incrementAndGet();
        }
    }

    private static String user(String id, long bytesLimit) {
        String key = stack.user(id, 1_000_000);
        stack.database().update("update user_quotas set bytes_limit = ? where user_id = ?", bytesLimit, id);
        return key;
    }

    private static Stack.Answer put(String key, String name, int length) {
        return stack.send(request(key, name)
                .PUT(BodyPublishers.ofByteArray(new byte[length]))
                .build());
    }

    private static HttpRequest.Builder request(String key, String name) {
        return HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/upload/" + Stack.BUCKET + "/" + name))
                .header("X-API-Key", key)
                .header("Content-Type", "image/png");
    }

    private static String head(String key, String name, int length) {
        return "PUT /v1/upload/" + Stack.BUCKET + "/" + name + " HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                + "\r\nContent-Type: image/png\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static double in() {
        return counted(stack.edge()) + counted(other);
    }

    private static double counted(Edge edge) {
        return edge.bean(MeterRegistry.class)
                .get("sluice.upload.bytes")
                .tag("direction", "in")
                .counter()
                .count();
    }

    private static void awaitBytes(String user, long bytes) {
        await().atMost(SOON).untilAsserted(() -> {
            Map<String, String> ledger = stack.redis().client().hgetall(KeySpace.quota(user));
            assertThat(ledger).containsKey("incarnation");
            assertThat(ledger.getOrDefault("bytesPending", "0")).isEqualTo("0");
            assertThat(bytes(user)).isEqualTo(bytes);
        });
    }

    private static long bytes(String user) {
        return number("select bytes_current from user_quotas where user_id = ?", user);
    }

    private static long number(String sql, String user) {
        return stack.database().number(sql, user);
    }
}
