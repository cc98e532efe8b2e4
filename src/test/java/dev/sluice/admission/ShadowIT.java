package dev.sluice.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.sluice.redis.KeySpace;
import dev.sluice.shadow.WouldRefuse;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.core.instrument.config.MeterFilterReply;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/** Filters in shadow mode, beside those that hold and alone. In this order, because log lines are limited. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ShadowIT {

    private static final String SHADOWS = "{name: RateLimit, args: {operation: signed-url, mode: shadow, rates: 2/1m}},"
            + " {name: Quota, args: {unit: requests, mode: shadow, limit: 4}},"
            + " {name: BucketAccess, args: {access: read, mode: shadow}}";
    private static final String BESIDE = route(
            "beside",
            "Authenticate, MemoryGuard=signed-url,"
                    + " {name: MemoryGuard, args: {operation: signed-url, mode: shadow, rate: 3/1m}},"
                    + " UploadIntent=body, RateLimit=signed-url, Quota=requests, BucketAccess=write, " + SHADOWS
                    + ", SupabaseSignedUrl=upload");
    private static final String BATCH = route(
            "batch",
            "Authenticate, UploadIntent=batch, RateLimit=signed-url, Quota=requests, BucketAccess=write,"
                    + " {name: RateLimit, args: {operation: signed-url, mode: shadow, rates: [1000/1s, 3/1h]}},"
                    + " SupabaseSignedUrl=upload");
    private static final String ALONE = route(
            "alone",
            "Authenticate, {name: MemoryGuard, args: {operation: tried, mode: shadow}}, UploadIntent=body,"
                    + " {name: RateLimit, args: {operation: tried, mode: shadow}},"
                    + " {name: Quota, args: {unit: requests, mode: shadow}},"
                    + " {name: BucketAccess, args: {access: write, mode: shadow}}, SetStatus=204");

    private static final String FRAGILE = route(
            "fragile",
            "Authenticate, {name: MemoryGuard, args: {operation: fragile, mode: shadow, rate: 1/1m}}, UploadIntent=body,"
                    + " RateLimit=fragile, Quota=requests,"
                    + " {name: RateLimit, args: {operation: fragile, mode: shadow, rates: 1/1m}},"
                    + " {name: Quota, args: {unit: requests, mode: shadow, limit: 0}}, SetStatus=204");
    private static final String SIZED = route(
            "sized",
            "Authenticate, MemoryGuard=large, UploadIntent=body,"
                    + " {name: RateLimit, args: {Operation: large, MODE: shadow}}, SetStatus=204");
    private static final String FRAGILE_ALONE = route(
            "fragile-alone",
            "Authenticate, UploadIntent=body, {name: RateLimit, args: {operation: frail, mode: shadow}},"
                    + " {name: Quota, args: {unit: requests, mode: shadow, limit: 0}}, SetStatus=204");

    private static final String TOKEN = "management-token-of-this-test";
    private static final ListAppender<ILoggingEvent> LOGGED = new ListAppender<>();

    @TempDir
    private static Path directory;

    private static Stack stack;

    @BeforeAll
    static void start() throws IOException {
        write("shadow");
        stack = Stack.start(
                "SLUICE_ROUTES",
                routes().toString(),
                "sluice.routes.reload-interval",
                "10ms",
                "sluice.supabase.timeout",
                "60s",
                "sluice.management.token",
                TOKEN);
        LOGGED.start();
        logger().addAppender(LOGGED);
    }

    @AfterAll
    static void stop() {
        logger().detachAppender(LOGGED);
        stack.close();
    }

    @AfterEach
    void heal() {
        stack.supabase().faults().clear();
    }

    @Test
    @Order(1)
    void tellsWhatACandidateWouldRefuseAndLetsItPassAsWithoutIt() {
        String key = stack.user("beside", 100);
        stack.database().update("update bucket_grants set can_read = false where user_id = 'beside'");
        LOGGED.list.clear();
        double memory = wouldRefuse("signed-url", "memory");
        double redis = wouldRefuse("signed-url", "redis");
        double admitted = count("signed-url", "admitted", "redis");

        List<Answer> answers = IntStream.range(0, 6)
                .mapToObj(i -> post("beside", key, Map.of(), Stack.BUCKET, 10))
                .toList();

        assertThat(answers).allSatisfy(answer -> {
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(answer.header("RateLimit-Policy"))
                    .isEqualTo("\"signed-url\";q=90000;w=60, \"signed-url-instance\";q=80000;w=60");
        });
        assertThat(wouldRefuse("signed-url", "memory") - memory)
                .as("past 3 of a minute")
                .isEqualTo(3);
        assertThat(wouldRefuse("signed-url", "redis") - redis)
                .as("4 past 2 of a minute, 2 past a quota of 4, 6 that may not be read")
                .isEqualTo(4 + 2 + 6);
        assertThat(count("signed-url", "admitted", "redis") - admitted).isEqualTo(6);
        String last = answers.get(5).json().path("requestId").asString();
        assertThat(lines().filter(line -> line.contains(last)).toList())
                .hasSize(4)
                .allMatch(line -> line.contains("requestId=" + last + " operation=signed-url claim="))
                .anyMatch(line -> line.contains("claim=memory-guard code=RATE_LIMIT_MEMORY"))
                .anyMatch(line -> line.contains("claim=rate-limit code=RATE_LIMIT_REDIS {current=2, limit=2"))
                .anyMatch(line -> line.contains("claim=quota code=QUOTA_EXCEEDED {unit=requests, current=5, limit=4}"))
                .anyMatch(line -> line.contains("claim=bucket-access code=BUCKET_ACCESS_DENIED"));
        patiently().untilAsserted(() -> assertThat(stack.current("beside")).isEqualTo(6));
        assertThat(charges("beside")).isEqualTo(6);
    }

    @Test
    @Order(2)
    void changesNothingForRepetitionsRefundsAndBatches() {
        String key = stack.user("unchanged", 100);
        Map<String, String> repeated = Map.of("Idempotency-Key", "once");
        Answer first = post("beside", key, repeated, Stack.BUCKET, 10);
        Answer again = post("beside", key, repeated, Stack.BUCKET, 10);
        assertThat(first.status()).as(first.body()).isEqualTo(200);
        assertThat(again.json().path("uploadUrl").asString())
                .isEqualTo(first.json().path("uploadUrl").asString());

        stack.supabase().faults().status("storage", 500, "{}");
        assertThat(post("beside", key, Map.of(), Stack.BUCKET, 10).code()).isEqualTo("SUPABASE_ERROR");
        stack.supabase().faults().clear();

        LOGGED.list.clear();
        double before = wouldRefuse("signed-url", "redis");
        for (int items : List.of(2, 2, 4)) {
            Answer batch = stack.post("/v1/batch", Map.of("X-API-Key", key), batch(items));
            assertThat(batch.status()).as(batch.body()).isEqualTo(200);
        }
        assertThat(wouldRefuse("signed-url", "redis") - before)
                .as("the second, and the one that never fits")
                .isEqualTo(2);
        assertThat(lines().toList())
                .anyMatch(line -> line.contains("code=RATE_LIMIT_REDIS {current=2, limit=3"))
                .anyMatch(line -> line.contains("code=INVALID_REQUEST {field=items"));
        patiently().untilAsserted(() -> assertThat(stack.current("unchanged")).isEqualTo(1 + 8));
    }

    @Test
    @Order(3)
    void judgesAloneWhatNothingIsEnforcedOfAndChargesNothing() {
        String key = stack.user("alone", 0);
        stack.supabase().createBucket("foreign");
        double before = wouldRefuse("tried", "redis");
        double memory = wouldRefuse("tried", "memory");

        assertThat(stack.post("/v1/alone", Map.of(), body(Stack.BUCKET, 10)).status())
                .isEqualTo(401);
        for (int i = 0; i < 3; i++) {
            Answer answer = post("alone", key, Map.of(), "foreign", 5000);
            assertThat(answer.status()).as(answer.body()).isEqualTo(204);
            assertThat(answer.header("RateLimit-Policy")).isEmpty();
        }

        patiently()
                .untilAsserted(() -> assertThat(wouldRefuse("tried", "redis") - before)
                        .as("1 past 2 of a minute, 3 past a quota of 0, 3 that may not be written")
                        .isEqualTo(1 + 3 + 3));
        assertThat(wouldRefuse("tried", "memory") - memory)
                .as("2 past 1 of a minute, 3 that are too large")
                .isEqualTo(2 + 3);
        assertThat(stack.redis().client().hget(KeySpace.quota("alone"), "pending"))
                .isEqualTo("0");
        assertThat(stack.current("alone")).isZero();
        assertThat(stack.database().number("select count(*) from usage_events where user_id = 'alone'"))
                .isZero();
    }

    @Test
    @Order(4)
    void passesOverWhatCannotBeJudged() {
        String key = stack.user("unjudged", 10);
        String beside = stack.user("unjudged-beside", 10);
        assertThat(post("beside", beside, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(200);
        double database = count("tried", "shadow_failed", "database");
        long failures = failedCalls();
        stack.supabase().faults().status("rest.rpc.edge_facts", 500, "{}");

        assertThat(post("alone", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(204);

        patiently()
                .untilAsserted(() -> assertThat(count("tried", "shadow_failed", "database") - database)
                        .as("the quota and the bucket")
                        .isEqualTo(2));
        assertThat(failedCalls()).isEqualTo(failures);
        assertThat(explain("alone", "unjudged", 10))
                .contains(
                        "quota shadow_failed database limit=null used=null",
                        "bucket-access shadow_failed database granted=null");
        stack.supabase().faults().clear();

        double redis = count("tried", "shadow_failed", "redis");
        double besideRedis = count("signed-url", "shadow_failed", "redis");
        double byDatabase = count("signed-url", "admitted", "database");
        stack.redis().kill();
        try {
            assertThat(post("alone", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(204);
            patiently()
                    .untilAsserted(() -> assertThat(count("tried", "shadow_failed", "redis") - redis)
                            .isEqualTo(3));
            assertThat(explain("alone", "unjudged", 10))
                    .contains("rate-limit shadow_failed redis", "quota shadow_failed redis");
            Answer answer = post("beside", beside, Map.of(), Stack.BUCKET, 10);
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(count("signed-url", "admitted", "database") - byDatabase).isEqualTo(1);
            assertThat(count("signed-url", "shadow_failed", "redis") - besideRedis)
                    .isEqualTo(3);
        } finally {
            stack.redis().restart();
        }
        patiently().until(() -> {
            double before = count("signed-url", "admitted", "redis");
            post("beside", beside, Map.of(), Stack.BUCKET, 10);
            return count("signed-url", "admitted", "redis") > before;
        });
    }

    @Test
    @Order(5)
    void beginsAnewWhenTheUsersRateWindowsAreReset() {
        String key = stack.user("reset", 100);
        String planned = stack.supabase().createApiKey("reset", "slow");
        double memory = wouldRefuse("signed-url", "memory");
        double redis = wouldRefuse("signed-url", "redis");
        for (int i = 0; i < 4; i++) {
            assertThat(post("beside", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(200);
        }
        assertThat(post("alone", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(204);
        assertThat(post("alone", planned, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(204);
        assertThat(wouldRefuse("signed-url", "memory") - memory).isEqualTo(1);
        assertThat(wouldRefuse("signed-url", "redis") - redis).isEqualTo(2);
        patiently()
                .until(() ->
                        stack.redis().client().keys("sluice:shadow:*:reset:*").size() == 3);

        Answer reset = manage("DELETE", "limits/reset", null);

        assertThat(reset.status()).as(reset.body()).isEqualTo(200);
        assertThat(reset.json().path("windows").intValue())
                .as("the one that holds, its candidate, and what is tried alone for two plans")
                .isEqualTo(4);
        assertThat(stack.redis().client().keys("sluice:shadow:*:reset:*")).isEmpty();
        for (int i = 0; i < 2; i++) {
            assertThat(post("beside", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(200);
        }
        assertThat(wouldRefuse("signed-url", "memory") - memory).isEqualTo(1);
        assertThat(wouldRefuse("signed-url", "redis") - redis)
                .as("the quota alone, which is not reset")
                .isEqualTo(2 + 2);
    }

    @Test
    @Order(6)
    void isExplainedAsItWouldDecideAndConsumesNothing() {
        String key = stack.user("explained", 100);
        stack.database().update("update bucket_grants set can_read = false where user_id = 'explained'");

        assertThat(explain("beside", "explained", 10))
                .containsExactly(
                        "memory-guard would_pass memory limit=3 used=0",
                        "rate-limit would_pass redis limit=2 used=0",
                        "quota would_pass database limit=4 used=0",
                        "bucket-access would_refuse database granted=false");
        assertThat(stack.redis().client().keys("*explained*")).isEmpty();
        assertThat(explain("alone", "explained", 5000))
                .containsExactly(
                        "memory-guard would_pass memory limit=1 used=0",
                        "max-size would_refuse configuration limit=1024 declared=5000",
                        "rate-limit would_pass redis limit=2 used=0",
                        "quota would_pass database limit=100 used=0",
                        "bucket-access would_pass database granted=true");

        for (int i = 0; i < 5; i++) {
            assertThat(post("beside", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(200);
        }
        patiently()
                .until(() -> stack.current("explained") == 5
                        && stack.redis().client().xlen(KeySpace.usage(KeySpace.partition("explained"))) == 0);
        Map<String, String> redis = dump("explained");
        for (int i = 0; i < 3; i++) {
            assertThat(explain("beside", "explained", 10))
                    .containsExactly(
                            "memory-guard would_refuse memory limit=3 used=3",
                            "rate-limit would_refuse redis limit=2 used=2",
                            "quota would_refuse redis limit=4 used=5",
                            "bucket-access would_refuse redis granted=false");
        }
        assertThat(dump("explained")).isEqualTo(redis).hasSizeGreaterThan(3);

        double refused = wouldRefuse("signed-url", "redis") + wouldRefuse("signed-url", "memory");
        assertThat(post("beside", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(200);
        assertThat(wouldRefuse("signed-url", "redis") + wouldRefuse("signed-url", "memory") - refused)
                .as("as it was told")
                .isEqualTo(4);
    }

    /** The memory guard names the operation, and nothing that holds claims anything of it. */
    @Test
    @Order(7)
    void letsPassWhatIsTooLargeWhereNothingButAShadowWouldAsk() {
        String key = stack.user("sized", 10);
        double before = wouldRefuse("large", "memory");

        assertThat(explain("sized", "sized", 5000))
                .containsExactly(
                        "max-size would_refuse configuration limit=1024 declared=5000",
                        "rate-limit would_pass redis limit=90000 used=0");
        Answer answer = post("sized", key, Map.of(), Stack.BUCKET, 5000);

        assertThat(answer.status()).as(answer.body()).isEqualTo(204);
        assertThat(wouldRefuse("large", "memory") - before).isEqualTo(1);
    }

    @Test
    @Order(8)
    void isTurnedOnAndOffWhileItRunsWithoutAFailedRequest() throws Exception {
        String key = stack.user("switched", 1_000_000);
        AtomicBoolean over = new AtomicBoolean();
        Queue<String> failures = new ConcurrentLinkedQueue<>();
        ExecutorService clients = Executors.newFixedThreadPool(2);
        double before = wouldRefuse("tight", "redis");
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int i = 0; i < 2; i++) {
                running.add(clients.submit(() -> {
                    while (!over.get()) {
                        Answer answer = switched(key);
                        if (answer.status() != 204 && !answer.code().equals("RATE_LIMIT_REDIS")) {
                            failures.add(answer.status() + " " + answer.body());
                        }
                    }
                }));
            }
            for (String mode : List.of("enforce", "shadow", "enforce", "shadow")) {
                int expected = mode.equals("enforce") ? 429 : 204;
                write(mode);
                patiently().until(() -> switched(key).status() == expected);
                assertThat(switched(key).status()).isEqualTo(expected);
            }
            over.set(true);
            for (Future<?> client : running) {
                client.get(60, TimeUnit.SECONDS);
            }
        } finally {
            over.set(true);
            clients.shutdownNow();
        }

        assertThat(failures).isEmpty();
        assertThat(wouldRefuse("tight", "redis") - before).isPositive();
        Map<String, String> enforced = stack.redis().client().hgetall(KeySpace.rate("switched", "tight", 86_400));
        enforced.remove("-1");
        assertThat(enforced.values()).as("counted as enforced").containsExactly("1");
    }

    @Test
    @Order(9)
    void neverWaitsForADatabaseThatHangsAndAsksItOnlySoMuch() {
        String key = stack.user("hanging", 10);
        double before = count("tried", "shadow_failed", "memory");
        long calls = stack.supabase().calls("rest.rpc.edge_facts");
        stack.supabase().faults().hang("rest.rpc.edge_facts");

        for (int i = 0; i < 40; i++) {
            assertThat(post("alone", key, Map.of(), Stack.BUCKET, 10).status()).isEqualTo(204);
        }

        patiently()
                .untilAsserted(() -> assertThat(count("tried", "shadow_failed", "memory") - before)
                        .as("quota and bucket of the 8 that find 32 waiting")
                        .isEqualTo(2 * 8));
        assertThat(stack.supabase().calls("rest.rpc.edge_facts") - calls)
                .as("the bucket is not asked for before the quota has come")
                .isEqualTo(1);
    }

    @Test
    @Order(10)
    void passesAndChargesAsWithoutAShadowWhereOneIsBroken() {
        String key = stack.user("broken", 10);
        stack.edge().bean(MeterRegistry.class).config().meterFilter(new MeterFilter() {
            @Override
            public MeterFilterReply accept(Meter.Id id) {
                String operation = id.getTag("operation");
                if ("would_refuse".equals(id.getTag("verdict"))
                        && List.of("fragile", "frail").contains(operation)) {
                    throw new IllegalStateException("broken");
                }
                return MeterFilterReply.NEUTRAL;
            }
        });

        for (int i = 0; i < 2; i++) {
            Answer answer = post("fragile", key, Map.of(), Stack.BUCKET, 10);
            assertThat(answer.status()).as(answer.body()).isEqualTo(204);
        }
        assertThat(count("fragile", "shadow_failed", "error"))
                .as("1 past 1 of a minute, in memory and in Redis, and 2 past a quota of 0")
                .isEqualTo(1 + 1 + 2);
        assertThat(count("fragile", "admitted", "redis")).isEqualTo(2);
        patiently().untilAsserted(() -> assertThat(stack.current("broken")).isEqualTo(2));

        assertThat(post("fragile-alone", key, Map.of(), Stack.BUCKET, 2000).status())
                .isEqualTo(204);
        patiently()
                .untilAsserted(() -> assertThat(count("frail", "shadow_failed", "error"))
                        .as("too large, and past a quota of 0")
                        .isEqualTo(2));
    }

    private static Answer switched(String key) {
        return stack.post("/v1/switched", Map.of("X-API-Key", key), "{}");
    }

    private static Answer post(String route, String key, Map<String, String> headers, String bucket, int size) {
        Map<String, String> all = new HashMap<>(headers);
        all.put("X-API-Key", key);
        return stack.post("/v1/" + route, all, body(bucket, size));
    }

    /** A line for each of the route's shadows: its verdict, where the figures are from, and the figures that matter. */
    private static List<String> explain(String route, String user, int size) {
        Answer answer = manage(
                "POST",
                "explain",
                "{\"user\":\"" + user + "\",\"route\":\"" + route + "\","
                        + body(Stack.BUCKET, size).substring(1).replace("supabaseBucket", "bucket"));
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.json().path("verdict").asString()).as(answer.body()).isEqualTo("admitted");
        assertThat(answer.json().path("inShadow").valueStream().map(JsonNode::asString))
                .contains("RateLimit");
        return answer.json()
                .path("shadows")
                .valueStream()
                .map(shadow -> Stream.concat(
                                Stream.of("claim", "verdict", "from")
                                        .map(field -> shadow.path(field).asString()),
                                Stream.of("limit", "used", "declared", "granted")
                                        .filter(shadow::has)
                                        .map(field -> field + "=" + shadow.path(field)))
                        .collect(Collectors.joining(" ")))
                .toList();
    }

    private static Map<String, String> dump(String user) {
        Map<String, String> values = new HashMap<>();
        for (String key : stack.redis().client().keys("*" + user + "*")) {
            values.put(key, HexFormat.of().formatHex(stack.redis().client().dump(key)));
        }
        return values;
    }

    private static Answer manage(String method, String path, @Nullable String body) {
        return stack.send(HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + stack.edge().managementPort() + "/actuator/" + path))
                .header("Authorization", "Bearer " + TOKEN)
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build());
    }

    private static String body(String bucket, int size) {
        return "{\"filename\":\"a.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + bucket
                + "\",\"fileSize\":" + size + "}";
    }

    private static String batch(int items) {
        return IntStream.range(0, items)
                .mapToObj(i -> "{\"filename\":\"b" + i
                        + ".png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}")
                .collect(Collectors.joining(",", "{\"items\":[", "]}"));
    }

    private static double wouldRefuse(String operation, String source) {
        return count(operation, "would_refuse", source);
    }

    private static double count(String operation, String verdict, String source) {
        Counter counter = stack.edge()
                .bean(MeterRegistry.class)
                .find("sluice.admission")
                .tags("operation", operation, "verdict", verdict, "source", source)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private static long failedCalls() {
        return stack.edge()
                .bean(CircuitBreakerRegistry.class)
                .circuitBreaker("postgrest")
                .getMetrics()
                .getNumberOfFailedCalls();
    }

    private static long charges(String userId) {
        return stack.database()
                .number("select count(*) from usage_events where user_id = ? and kind = 'charge'", userId);
    }

    private static Stream<String> lines() {
        return List.copyOf(LOGGED.list).stream().map(ILoggingEvent::getFormattedMessage);
    }

    private static Logger logger() {
        return (Logger) LoggerFactory.getLogger(WouldRefuse.class);
    }

    private static ConditionFactory patiently() {
        return await().atMost(Duration.ofSeconds(60)).pollInterval(Duration.ofMillis(20));
    }

    /** @param mode of the filter that is switched */
    private static void write(String mode) throws IOException {
        String switched = route(
                "switched",
                "Authenticate, {name: RateLimit, args: {operation: tight, mode: " + mode + "}}, SetStatus=204");
        Path next = directory.resolve("next.yml");
        Files.writeString(
                next,
                "sluice: {operations: {signed-url: {memory: 80000/1m, redis: 90000/1m},"
                        + " tried: {memory: 1/1m, redis: 2/1m, max-size: 1KB},"
                        + " fragile: {memory: 80000/1m, redis: 90000/1m},"
                        + " large: {memory: 80000/1m, redis: 90000/1m, max-size: 1KB},"
                        + " frail: {memory: 80000/1m, redis: 90000/1m, max-size: 1KB},"
                        + " tight: {memory: 80000/1m, redis: 1/1d}},"
                        + " plans: {slow: {operations: {tried: {redis: 1/1m}}}}}\n"
                        + "spring: {cloud: {gateway: {server: {webflux: {routes: ["
                        + String.join(",\n  ", BESIDE, BATCH, ALONE, SIZED, FRAGILE, FRAGILE_ALONE, switched)
                        + "]}}}}}\n");
        Files.move(next, routes(), StandardCopyOption.ATOMIC_MOVE);
    }

    private static String route(String id, String filters) {
        return "{id: " + id + ", uri: 'no://op', predicates: [Path=/v1/" + id + "], filters: [" + filters + "]}";
    }

    private static Path routes() {
        return directory.resolve("routes.yml");
    }
}
