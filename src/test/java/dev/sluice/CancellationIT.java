package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.DepartingClient;
import dev.sluice.testkit.DepartingClient.Answer;
import dev.sluice.testkit.Stack;
import io.github.resilience4j.bulkhead.BulkheadRegistry;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.http.HttpStatus;

/**
 * A client disconnects at every point of a request. Nothing of the request is left behind, and its charge is given back if
 * and only if the operation cannot have happened. That no buffer is lost is checked after the class, see the testkit's Leaks.
 */
class CancellationIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int USUAL = 10;
    private static final int PATIENT = 30_000;
    private static final int LARGE = 8 * 1024 * 1024;

    private static final String DOWNLOADS = """

                        - id: download
                          uri: ${sluice.upload.backend}
                          predicates:
                            - Method=GET
                            - Path=/v1/download/{bucket}/**
                          filters:
                            - Authenticate
                            - MemoryGuard=upload
                            - UploadIntent=path
                            - RateLimit=upload
                            - Quota=requests
                            - BucketAccess=read
                            - RewritePath=/v1/download/(?<object>.*), /storage/v1/object/$\\{object}
            """;

    /** The routes file is followed, so it stays for as long as the instance runs. */
    @TempDir
    static Path directory;

    private static Stack stack;

    @BeforeAll
    static void startAll() throws IOException {
        Path routes = directory.resolve("routes.yml");
        Files.writeString(routes, Files.readString(Path.of("gateway-routes.yml")) + DOWNLOADS);
        stack = Stack.start(
                "SLUICE_ROUTES", routes.toString(),
                "sluice.supabase.timeout", "30s",
                "sluice.operations.signed-url.memory", "100000/1m",
                "sluice.operations.signed-url.redis", "100000/1m",
                "sluice.operations.upload.memory", "100000/1m",
                "sluice.operations.upload.redis", "100000/1m");
        String key = stack.user("warm-up", 100);
        await().atMost(SOON).until(() -> stack.sign(key, "warm-up.png").status(), status -> status == 200);
        HttpRequest upload = HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/upload/avatars/large.png"))
                .header("X-API-Key", key)
                .header("Content-Type", "image/png")
                .PUT(BodyPublishers.ofByteArray(new byte[LARGE]))
                .build();
        assertThat(stack.send(upload).status()).isEqualTo(200);
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void nothingIsLeft() {
        stack.supabase().faults().clear();
        stack.redis().thaw();
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(gauges("sluice.requests.active")).containsOnly(0.0);
            assertThat(gauges("reactor.netty.connection.provider.active.connections"))
                    .containsOnly(0.0);
            assertThat(gauges("reactor.netty.connection.provider.pending.connections"))
                    .containsOnly(0.0);
            assertThat(stack.edge().bean(BulkheadRegistry.class).getAllBulkheads())
                    .hasSizeGreaterThanOrEqualTo(3)
                    .allSatisfy(bulkhead -> assertThat(bulkhead.getMetrics().getAvailableConcurrentCalls())
                            .as(bulkhead.getName())
                            .isEqualTo(bulkhead.getMetrics().getMaxAllowedConcurrentCalls()));
            assertThat(stack.health().json().path("status").asString()).isEqualTo("UP");
        });
    }

    @Test
    void whileItSendsItsHeaders() throws IOException {
        String key = stack.user("headers", 10);
        connect()
                .send("POST /v1/supabase/signed-url HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key)
                .close();

        assertThat(stack.sign(key, "next.png").status()).isEqualTo(200);
        awaitCharges("headers", 1, 0);
    }

    @Test
    void inTheMiddleOfItsJson() throws IOException {
        String key = stack.user("json", 10);
        String request = signing(key, "a.png");
        connect().send(request.substring(0, request.length() - 20)).reset();

        assertThat(stack.sign(key, "next.png").status()).isEqualTo(200);
        awaitCharges("json", 1, 0);
    }

    @Test
    void whileItsIdentityIsLookedUpAndOthersWaitForTheSameAnswer() throws IOException {
        String key = stack.user("identity", 10);
        stack.supabase().faults().delay("rest.rpc.resolve_api_key", Duration.ofSeconds(1));
        try (DepartingClient follower = connect()) {
            DepartingClient leader = connect();
            leaveBehind(leader, follower, key, "rest.rpc.resolve_api_key");
        }
        awaitCharges("identity", 1, 0);
    }

    @Test
    void whileItsFactsAreReadAndOthersWaitForTheSameAnswer() throws IOException {
        String key = stack.user("facts", 10);
        stack.supabase().faults().delay("rest.rpc.edge_facts", Duration.ofSeconds(1));
        try (DepartingClient follower = connect()) {
            DepartingClient leader = connect();
            leaveBehind(leader, follower, key, "rest.rpc.edge_facts");
        }
        awaitRefunds("facts", 1);
        awaitCharges("facts", 1, 0);
    }

    /** The leader's call is under way; it goes, and the follower is served by that call. */
    private static void leaveBehind(DepartingClient leader, DepartingClient follower, String key, String endpoint)
            throws IOException {
        long calls = stack.supabase().calls(endpoint);
        leader.send(signing(key, "leader.png"));
        await().atMost(SOON).until(() -> stack.supabase().calls(endpoint) > calls);
        follower.send(signing(key, "follower.png"));
        leader.reset();

        Answer answer = follower.answer(30_000);
        assertThat(answer.is(200)).as(answer.text()).isTrue();
        assertThat(stack.supabase().calls(endpoint)).isEqualTo(calls + 1);
    }

    @Test
    void whileRedisIsAskedForItsAdmission() throws IOException {
        String key = stack.user("redis", 10);
        assertThat(stack.sign(key, "first.png").status()).isEqualTo(200);
        stack.redis().freeze();
        DepartingClient client = connect().send(signing(key, "a.png"));
        await().atMost(SOON).until(() -> active() == 1);
        client.close();
        await().atMost(SOON).until(() -> active() == 0);
        stack.redis().thaw();

        awaitRefunds("redis", 1);
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(stack.current("redis")).isEqualTo(1);
            assertThat(waiting()).isZero();
        });
    }

    @Test
    void whileTheDatabaseReservesItsQuota() throws IOException {
        String key = stack.user("reserve", 10);
        assertThat(stack.sign(key, "first.png").status()).isEqualTo(200);
        awaitCharges("reserve", 1, 0);
        stack.supabase().faults().withholdAnswer("rest.rpc.reserve_quota");
        long calls = stack.supabase().calls("rest.rpc.reserve_quota");
        stack.redis().freeze();
        DepartingClient client = connect().send(signing(key, "a.png"));
        await().atMost(SOON).until(() -> stack.supabase().calls("rest.rpc.reserve_quota") > calls);
        await().atMost(SOON).until(() -> stack.current("reserve") == 2);
        client.reset();
        await().atMost(SOON).until(() -> active() == 0);
        stack.redis().thaw();

        // What the frozen server had received may come through the stream again, 30 s later: the same event.
        awaitRefunds("reserve", 1);
        assertThat(events("reserve", "charge")).isEqualTo(2);
        assertThat(stack.current("reserve")).isEqualTo(1);
    }

    @Test
    void whileItsUrlIsSigned() throws IOException {
        String key = stack.user("signing", 10);
        stack.supabase().faults().hang("storage.sign-upload");
        long calls = stack.supabase().calls("storage.sign-upload");
        DepartingClient client = connect().send(signing(key, "a.png"));
        await().atMost(SOON).until(() -> stack.supabase().calls("storage.sign-upload") > calls);
        client.close();

        awaitCharges("signing", 1, 1);
        awaitOutcome("signing", "CANCELLED");
    }

    @Test
    void inTheMiddleOfItsUpload() throws IOException {
        String key = stack.user("half", 10);
        long calls = stack.supabase().calls("storage.upload");
        DepartingClient client = connect().send(upload(key, "half.png", 2_000)).send(new byte[1_000]);
        await().atMost(SOON).until(() -> stack.supabase().calls("storage.upload") > calls);
        client.reset();

        awaitOutcome("half", "CANCELLED");
        awaitCharges("half", 1, 0);
        assertThat(stack.supabase().storedObject(Stack.BUCKET, "half.png")).isNull();
    }

    @Test
    void afterItsUploadAndBeforeTheAnswer() throws IOException {
        String key = stack.user("stored", 10);
        stack.supabase().faults().withholdAnswer("storage.upload");
        DepartingClient client =
                connect().send(upload(key, "stored.png", 2_000)).send(new byte[2_000]);
        await().atMost(SOON).until(() -> stack.supabase().storedObject(Stack.BUCKET, "stored.png") != null);
        client.close();

        awaitOutcome("stored", "CANCELLED");
        awaitCharges("stored", 1, 0);
    }

    @Test
    void whileALargeAnswerIsWritten() throws IOException {
        String key = stack.user("reading", 10);
        connect().send(download(key, "large.png")).read(100_000).reset();

        await().atMost(SOON)
                .untilAsserted(() -> assertThat(outcomes("reading", true)).isEqualTo(1));
        awaitCharges("reading", 1, 0);
    }

    @Test
    void atAnyMoment() throws Exception {
        long seed = new Random().nextLong();
        Random random = new Random(seed);
        Tally signing = new Tally("any-signing", 300, USUAL);
        Tally uploading = new Tally("any-uploading", 100, 0);
        Tally reading = new Tally("any-reading", 100, 0);
        String signKey = stack.user(signing.user, 10_000);
        String uploadKey = stack.user(uploading.user, 10_000);
        String readKey = stack.user(reading.user, 10_000);
        byte[] body = new byte[64 * 1024];
        int usual = 2 * usualMillis(signKey);
        ExecutorService clients = Executors.newFixedThreadPool(8);
        List<Future<?>> calls = new ArrayList<>();
        for (int i = 0; i < signing.requests; i++) {
            int n = i;
            // One in ten is patient and one has none at all, however fast or slow this machine is.
            int patience = i % 10 == 0 ? PATIENT : i % 10 == 1 ? 0 : 1 + random.nextInt(usual);
            boolean reset = random.nextBoolean();
            calls.add(clients.submit(() -> signing.call(signing(signKey, n + ".png"), new byte[0], patience, reset)));
            if (i % 3 == 0) {
                calls.add(clients.submit(() ->
                        uploading.call(upload(uploadKey, "any-" + n + ".png", body.length), body, patience, reset)));
                calls.add(clients.submit(
                        () -> reading.call(download(readKey, "large.png"), new byte[0], patience, reset)));
            }
        }
        for (Future<?> call : calls) {
            call.get();
        }
        clients.shutdown();

        for (Tally tally : List.of(signing, uploading, reading)) {
            await("seed " + seed).atMost(SOON).untilAsserted(() -> tally.check(seed));
        }
        assertThat(count("""
                        select count(*) from usage_events c where kind = 'charge' and user_id = ? and
                          exists (select 1 from usage_events r where r.id = c.id and r.kind = 'refund') =
                          exists (select 1 from usage_events o where o.id = c.id and o.kind = 'outcome' and o.success)
                        """, signing.user))
                .as("signing has no effect, so all is given back but what was answered; seed %s", seed)
                .isZero();
    }

    /** How long a request takes at the moment, with this machine as busy as it is. */
    private static int usualMillis(String key) {
        long started = System.nanoTime();
        for (int i = 0; i < USUAL; i++) {
            assertThat(stack.sign(key, "usual.png").status()).isEqualTo(200);
        }
        return 1 + (int) (Duration.ofNanos(System.nanoTime() - started).toMillis() / USUAL);
    }

    /** What the clients of one user saw, beside {@code others}, requests which were all answered. */
    private static final class Tally {

        private final String user;
        private final int requests;
        private final int others;
        private final AtomicInteger answered = new AtomicInteger();
        private final Collection<String> unexpected = ConcurrentHashMap.newKeySet();

        Tally(String user, int requests, int others) {
            this.user = user;
            this.requests = requests;
            this.others = others;
        }

        Void call(String head, byte[] body, int patienceMillis, boolean reset) throws IOException {
            DepartingClient client = connect();
            try {
                client.send(head).send(body);
                if (patienceMillis == 0) {
                    return null;
                }
                Answer answer = client.answer(patienceMillis);
                if (answer.is(HttpStatus.OK.value())) {
                    answered.incrementAndGet();
                } else if (answer.whole()) {
                    unexpected.add(answer.text());
                }
            } finally {
                if (reset) {
                    client.reset();
                } else {
                    client.close();
                }
            }
            return null;
        }

        void check(long seed) {
            assertThat(unexpected).as("seed %s", seed).isEmpty();
            long charges = count("select count(*) from usage_events where kind = 'charge' and user_id = ?", user);
            long refunded = count("""
                    select count(*) from usage_events c where kind = 'charge' and user_id = ? and
                      exists (select 1 from usage_events r where r.id = c.id and r.kind = 'refund' and r.amount < 0)
                    """, user);
            assertThat(stack.current(user)).as("seed %s", seed).isEqualTo(charges - refunded);
            assertThat(charges - refunded)
                    .as("answered <= charged <= answered + unanswered; seed %s", seed)
                    .isBetween((long) answered.get() + others, (long) requests + others);
            assertThat(answered.get()).isBetween(1, requests - 1);
            assertThat(count("""
                            select count(*) from usage_events c where kind = 'charge' and user_id = ? and not exists
                              (select 1 from usage_events e where e.id = c.id and e.kind in ('refund', 'outcome'))
                            """, user))
                    .as("the end of each charge of %s is known; seed %s", user, seed)
                    .isZero();
            assertThat(count("""
                            select count(*) from usage_events r where kind = 'refund' and user_id = ? and exists
                              (select 1 from usage_events o where o.id = r.id and o.kind = 'outcome' and o.success)
                            """, user))
                    .as("nothing of %s is given back that succeeded; seed %s", user, seed)
                    .isZero();
        }
    }

    private static DepartingClient connect() throws IOException {
        return DepartingClient.connect(stack.edge().port());
    }

    private static String signing(String key, String filename) {
        String json = "{\"filename\":\"" + filename + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\""
                + Stack.BUCKET + "\"}";
        return "POST /v1/supabase/signed-url HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                + "\r\nContent-Type: application/json\r\nContent-Length: " + json.length() + "\r\n\r\n" + json;
    }

    private static String upload(String key, String name, int length) {
        return "PUT /v1/upload/" + Stack.BUCKET + "/" + name + " HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                + "\r\nContent-Type: image/png\r\nContent-Length: " + length + "\r\n\r\n";
    }

    private static String download(String key, String name) {
        return "GET /v1/download/" + Stack.BUCKET + "/" + name + " HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                + "\r\n\r\n";
    }

    private static double active() {
        return gauges("sluice.requests.active").get(0);
    }

    /** The gauges of this instance and, of its pools, those to this Supabase. */
    private static List<Double> gauges(String name) {
        String supabase = URI.create(stack.supabase().url()).getAuthority();
        return stack.edge().bean(MeterRegistry.class).find(name).gauges().stream()
                .filter(gauge -> gauge.getId().getTag("remote.address") == null
                        || supabase.equals(gauge.getId().getTag("remote.address")))
                .map(Gauge::value)
                .toList();
    }

    /** Waits until the database knows this many charges and refunds of the user, and has counted the difference. */
    private static void awaitCharges(String user, long charges, long refunds) {
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(events(user, "charge")).isEqualTo(charges);
            assertThat(stack.current(user)).isEqualTo(charges - refunds);
            assertThat(waiting()).isZero();
        });
        assertThat(stack.current(user)).isEqualTo(charges - refunds);
    }

    private static void awaitRefunds(String user, long refunds) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(events(user, "refund")).isEqualTo(refunds));
    }

    private static void awaitOutcome(String user, String code) {
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(count(
                                "select count(*) from usage_events where kind = 'outcome' and user_id = ? and code = '"
                                        + code + "'",
                                user))
                        .isEqualTo(1));
    }

    private static long outcomes(String user, boolean success) {
        return count(
                "select count(*) from usage_events where kind = 'outcome' and user_id = ? and success = " + success,
                user);
    }

    private static long events(String user, String kind) {
        return count("select count(*) from usage_events where kind = '" + kind + "' and user_id = ?", user);
    }

    private static long count(String sql, String user) {
        return stack.database().number(sql, user);
    }

    /** Events in all streams. */
    private static long waiting() {
        return IntStream.range(0, 64)
                .mapToLong(partition -> stack.redis().client().xlen(String.format("{p%02d}:usage", partition)))
                .sum();
    }
}
