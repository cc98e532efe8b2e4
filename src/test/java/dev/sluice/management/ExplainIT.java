package dev.sluice.management;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.Link;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What is told of one user's limits, and of a request before it is sent, on a whole edge; and what is logged of it. */
class ExplainIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String TOKEN = "management-token-of-this-test";
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final AtomicInteger names = new AtomicInteger();

    private static Link toRedis;
    private static Stack stack;

    @BeforeAll
    static void startAll() {
        Redis redis = Redis.start();
        toRedis = Link.to(redis.port());
        stack = Stack.start(
                redis,
                "sluice.management.token",
                TOKEN,
                "spring.data.redis.url",
                "redis://127.0.0.1:" + toRedis.port(),
                "sluice.operations.signed-url.redis",
                "3/1h",
                "sluice.operations.delete.memory",
                "2/1h",
                "sluice.operations.upload.max-size",
                "1KB",
                "sluice.plans.small.operations.signed-url.redis",
                "1/1h",
                "sluice.upload.max-concurrent",
                "1");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
        toRedis.close();
    }

    @Test
    void agreesWithWhatARequestGets() {
        Sender signed = new Sender("signed-url");
        signed.agrees("admitted");
        signed.send();
        signed.send();
        signed.agrees("RATE_LIMIT_REDIS");
        assertThat(claim(signed.explain(), "rate-limit").path("from").asString())
                .as("after Redis has said so")
                .isEqualTo("memory");

        Sender spent = new Sender("signed-url", 1);
        spent.agrees("admitted");
        spent.agrees("QUOTA_EXCEEDED");
        spent.agrees("QUOTA_EXCEEDED");

        Sender stranger = new Sender("signed-url");
        stranger.with("bucket", "not-granted").agrees("BUCKET_ACCESS_DENIED");
        stranger.with("bucket", "not/a bucket").agrees("INVALID_REQUEST");
        stranger.with("filename", "../up.png").agrees("INVALID_REQUEST");

        Sender guarded = new Sender("delete");
        guarded.send();
        guarded.send();
        guarded.agrees("RATE_LIMIT_MEMORY");

        Sender upload = new Sender("upload");
        upload.with("fileSize", 2000).agrees("PAYLOAD_TOO_LARGE");
        upload.with("fileSize", 10).agrees("admitted");
        stack.redis()
                .client()
                .zadd(KeySpace.inFlight(upload.user), System.currentTimeMillis() + 3_600_000.0, "another:5");
        upload.agrees("TOO_MANY_IN_FLIGHT");

        Sender bytes = new Sender("upload").with("fileSize", 101);
        stack.database().update("update user_quotas set bytes_limit = 100 where user_id = ?", bytes.user);
        bytes.agrees("QUOTA_EXCEEDED");
        assertThat(bytes.explain().path("refusal").path("unit").asString()).isEqualTo("bytes");
        bytes.with("fileSize", 60).agrees("admitted");
        bytes.agrees("QUOTA_EXCEEDED");

        Sender planned = new Sender("signed-url").with("plan", "small");
        planned.key = stack.supabase().createApiKey(planned.user, "small");
        planned.agrees("admitted");
        JsonNode refused = planned.agrees("RATE_LIMIT_REDIS");
        assertThat(claim(refused, "rate-limit").path("limitFrom").asString()).isEqualTo("plan");
        assertThat(claim(refused, "rate-limit").path("property").asString())
                .isEqualTo("sluice.plans.small.operations.signed-url.redis");

        Sender nobody = new Sender("signed-url");
        stack.database().update("delete from user_quotas where user_id = ?", nobody.user);
        assertThat(claim(nobody.agrees("QUOTA_EXCEEDED"), "quota")
                        .path("limitFrom")
                        .asString())
                .isEqualTo("none");

        Sender batch = new Sender("signed-urls");
        batch.items(3).agrees("admitted");
        batch.items(1).agrees("RATE_LIMIT_REDIS");
        batch.items(4).agrees("INVALID_REQUEST");
    }

    @Test
    void agreesWhileRedisAndTheDatabaseAreAway() {
        Sender known = new Sender("signed-url", 2);
        known.agrees("admitted");
        Sender spent = new Sender("signed-url", 0);
        Sender unknown = new Sender("signed-url");
        for (Sender each : List.of(spent, unknown)) {
            stack.sign(each.key, "../never.png");
        }
        await().atMost(SOON).until(() -> stack.current(known.user) == 1);
        toRedis.cut();
        try {
            await().atMost(SOON)
                    .until(() -> !stack.edge().bean(RedisConnection.class).isConnected());
            known.agrees("admitted");
            spent.agrees("QUOTA_EXCEEDED");
            JsonNode limits = limits(known.user).json();
            assertThat(limits.at("/sources/redis").asString()).isEqualTo("unavailable");
            assertThat(limits.at("/quota/from").asString()).isEqualTo("database");
            assertThat(limits.at("/quota/requests/used").longValue()).isEqualTo(2);
            assertThat(limits.at("/quota/requests/pending").isNull()).isTrue();
            assertThat(limits.at("/operations/signed-url/windows/0/from").asString())
                    .isEqualTo("unavailable");
            assertThat(limits.at("/operations/signed-url/windows/0/limit").longValue())
                    .isEqualTo(3);

            stack.supabase().faults().refuse("rest.rpc.edge_facts");
            stack.supabase().faults().refuse("rest.rpc.reserve_quota");
            JsonNode lost = limits(known.user).json();
            assertThat(lost.at("/quota/from").asString()).isEqualTo("unavailable");
            assertThat(lost.at("/sources/database").asString()).isEqualTo("unavailable");
            assertThat(lost.at("/quota/requests/limit").isNull()).isTrue();
            unknown.agrees("ACCESS_CHECK_UNAVAILABLE");
            assertThat(claim(known.agrees("admitted"), "quota").path("from").asString())
                    .isEqualTo("policy");
        } finally {
            stack.supabase().faults().clear();
            toRedis.mend();
            await().atMost(SOON).until(() -> {
                Sender healed = new Sender("signed-url");
                return healed.send().status() == 200 && !keysOf(healed.user).isEmpty();
            });
        }
    }

    @Test
    void consumesNothing() {
        Sender sender = new Sender("signed-url");
        sender.send();
        await().atMost(SOON)
                .until(() -> stack.current(sender.user) == 1
                        && stack.redis().client().xlen(KeySpace.usage(KeySpace.partition(sender.user))) == 0);
        JsonNode before = limits(sender.user).json();
        Map<String, String> redis = keysOf(sender.user);
        long events = stack.database().number("select count(*) from usage_events");

        for (int i = 0; i < 20; i++) {
            assertThat(sender.explain().path("verdict").asString()).isEqualTo("admitted");
            sender.with("filename", i + ".png");
        }

        assertThat(keysOf(sender.user)).isEqualTo(redis).isNotEmpty();
        assertThat(stack.redis().client().xlen(KeySpace.usage(KeySpace.partition(sender.user))))
                .isZero();
        assertThat(stack.database().number("select count(*) from usage_events")).isEqualTo(events);
        JsonNode after = limits(sender.user).json();
        for (String figure : List.of(
                "/quota/requests/used",
                "/operations/signed-url/windows/0/used",
                "/operations/signed-url/instance/used")) {
            assertThat(after.at(figure)).as(figure).isEqualTo(before.at(figure));
            assertThat(after.at(figure).longValue()).isEqualTo(1);
        }
        Sender fresh = new Sender("signed-url");
        assertThat(fresh.explain().path("verdict").asString()).isEqualTo("admitted");
        assertThat(keysOf(fresh.user)).as("of a user whom Redis does not know").isEmpty();
        assertThat(limits(fresh.user).json().at("/quota/from").asString()).isEqualTo("database");
        assertThat(keysOf(fresh.user)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "|body",
                "[]|body",
                "{\"user\":\"u\"|body",
                "{\"user\":\"u\",\"user\":\"v\",\"route\":\"upload\"}|body",
                "{\"route\":\"upload\"}|user",
                "{\"user\":7,\"route\":\"upload\"}|user",
                "{\"user\":\"u\\u0000\",\"route\":\"upload\"}|user",
                "{\"user\":\"u\",\"caller\":\"u\",\"route\":\"upload\"}|caller",
                "{\"user\":\"u\"}|route",
                "{\"user\":\"u\",\"path\":\"v1\"}|path",
                "{\"user\":\"u\",\"route\":\"upload\"}|path",
                "{\"user\":\"u\",\"route\":\"upload\",\"path\":\"/v1/usage\"}|path",
                "{\"user\":\"u\",\"route\":\"upload\",\"buckett\":\"b\"}|buckett",
                "{\"user\":\"u\",\"route\":\"upload\",\"fileSize\":-1}|fileSize",
                "{\"user\":\"u\",\"route\":\"upload\",\"credential\":\"cookie\"}|credential",
                "{\"user\":\"u\",\"route\":\"upload\",\"headers\":{\"a\":\"b\\n\"}}|headers",
            })
    void saysWhatIsWrongAndHowToMendIt(String json, String field) {
        Answer answer = management("POST", "explain", Objects.requireNonNullElse(json, ""));

        assertThat(answer.code()).as(answer.body()).isEqualTo("INVALID_REQUEST");
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("field").asString()).isEqualTo(field);
        assertThat(answer.json().path("hint").asString()).isNotBlank();
    }

    @Test
    void namesTheRoutesWhereThereIsNoSuchOne() {
        for (String json : List.of(
                "{\"user\":\"u\",\"route\":\"uplaod\"}",
                "{\"user\":\"u\",\"method\":\"GET\",\"path\":\"/v2/nothing\"}")) {
            Answer answer = management("POST", "explain", json);
            assertThat(answer.status()).isEqualTo(404);
            assertThat(answer.code()).isEqualTo("NOT_FOUND");
            assertThat(answer.json().path("hint").asString()).contains("signed-url", "upload", "delete");
        }
        JsonNode byPath = management(
                        "POST",
                        "explain",
                        "{\"caller\":\"u\",\"method\":\"PUT\",\"path\":\"/v1/upload/avatars/a%20b.png\",\"fileSize\":1}")
                .json();
        assertThat(byPath.path("route").asString()).isEqualTo("upload");
        assertThat(byPath.path("path").asString()).isEqualTo("/v1/upload/avatars/a%20b.png");
    }

    @Test
    void resetsTheRateWindowsAndNotTheQuota() {
        Sender full = new Sender("signed-url", 5);
        for (int i = 0; i < 3; i++) {
            assertThat(full.send().status()).isEqualTo(200);
        }
        assertThat(full.send().code()).isEqualTo("RATE_LIMIT_REDIS");
        JsonNode before = limits(full.user).json();
        assertThat(before.at("/operations/signed-url/windows/0/remaining").longValue())
                .isZero();
        assertThat(before.at("/operations/signed-url/windows/0/from").asString())
                .isEqualTo("redis");
        assertThat(before.at("/operations/signed-url/instance/used").longValue())
                .isEqualTo(4);
        assertThat(before.at("/remembered/0/claim").asString()).isEqualTo("rate-limit");
        assertThat(before.at("/quota/requests/limitFrom").asString()).isEqualTo("database");
        assertThat(before.at("/quota/requests/used").longValue()).isEqualTo(3);
        assertThat(before.at("/inFlight/maxUploads").longValue()).isEqualTo(1);

        Answer reset = management("DELETE", "limits/" + full.user, null);

        assertThat(reset.status()).as(reset.body()).isEqualTo(200);
        assertThat(reset.json().path("windows").longValue()).isEqualTo(1);
        assertThat(reset.json().at("/instances/done").longValue()).isEqualTo(1);
        JsonNode after = limits(full.user).json();
        assertThat(after.at("/operations/signed-url/windows/0/used").longValue())
                .isZero();
        assertThat(after.at("/operations/signed-url/instance/used").longValue()).isZero();
        assertThat(after.at("/remembered").isEmpty()).isTrue();
        assertThat(after.at("/quota/requests/used").longValue()).isEqualTo(3);
        assertThat(full.send().status()).isEqualTo(200);

        JsonNode planned =
                management("GET", "limits/nobody%20at%20all?plan=small", null).json();
        assertThat(planned.at("/userId").asString()).isEqualTo("nobody at all");
        assertThat(planned.at("/quota/row").booleanValue()).isFalse();
        assertThat(planned.at("/quota/requests/limitFrom").asString()).isEqualTo("none");
        assertThat(planned.at("/operations/signed-url/windows/0/limit").longValue())
                .isEqualTo(1);
        assertThat(planned.at("/operations/signed-url/windows/0/limitFrom").asString())
                .isEqualTo("plan");
        assertThat(planned.at("/operations/upload/maxSize").longValue()).isEqualTo(1024);
        assertThat(management("GET", "limits/a%00b", null).json().path("field").asString())
                .isEqualTo("userId");
        assertThat(management("GET", "limits/u?plan=%20", null)
                        .json()
                        .path("field")
                        .asString())
                .isEqualTo("plan");
    }

    @Test
    void auditsEachChangeAndEachRefusedToken() {
        Logger logger = (Logger) LoggerFactory.getLogger(Audit.LOGGER);
        ListAppender<ILoggingEvent> lines = new ListAppender<>();
        lines.start();
        logger.addAppender(lines);
        try {
            String forged = "x%0Aaction=%22token%22%E2%80%A8%1B%5B31m%5C";
            raw("DELETE /actuator/limits/" + forged + " HTTP/1.1\r\nX-Audit-User: ann \"\\ of \u00fc"
                    + "x".repeat(100));
            assertThat(management("GET", "limits/u", null).status()).isEqualTo(200);
            assertThat(management(
                                    "POST",
                                    "explain",
                                    "{\"user\":\"u\",\"route\":\"delete\",\"bucket\":\"b\",\"filename\":\"f\"}")
                            .status())
                    .isEqualTo(200);
            assertThat(management("DELETE", "usercache/known", null).status()).isEqualTo(200);
            assertThat(management("POST", "usage", null).status()).isEqualTo(200);
            assertThat(management("POST", "reconcile?dryRun=true", null).status())
                    .isEqualTo(200);
            assertThat(management("POST", "reconcile?dryRun=ture", null).status())
                    .isEqualTo(400);
            assertThat(management("PATCH", "nothing", null).status()).isEqualTo(404);
            raw("GET /actuator/usage HTTP/1.1\r\nAuthorization: Bearer wrong-token");
            raw("GET /actuator/limits/u HTTP/1.1\r\nX-Nothing: 1");
        } finally {
            logger.detachAppender(lines);
        }

        List<String> messages =
                lines.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
        assertThat(messages).hasSize(8).allMatch(line -> line.matches("[ -~]+"));
        assertThat(messages.get(0))
                .startsWith("action=\"limits.reset\" outcome=\"refused\" status=\"400\" method=\"DELETE\""
                        + " target=\"limits/x\\u000aaction=\\u0022token\\u0022\\u2028\\u001b[31m\\u005c\" from=\"127.0.0.1\""
                        + " user=\"ann \\u0022\\u005c of ")
                .contains("...\" requestId=\"sup_");
        assertThat(messages.get(1))
                .contains("action=\"usercache.drop\" outcome=\"done\" status=\"200\"", "usercache/known");
        assertThat(messages.get(2)).contains("action=\"usage.replay\" outcome=\"done\"");
        assertThat(messages.get(3)).contains("action=\"reconcile.run\" outcome=\"done\"", "reconcile?dryRun=true");
        assertThat(messages.get(4)).contains("action=\"reconcile.run\" outcome=\"refused\" status=\"400\"");
        assertThat(messages.get(5)).contains("action=\"other\" outcome=\"refused\" status=\"404\"");
        assertThat(messages.get(6))
                .contains("action=\"token\" outcome=\"wrong\" status=\"401\" method=\"GET\" target=\"usage\"")
                .doesNotContain("wrong-token");
        assertThat(messages.get(7)).contains("action=\"token\" outcome=\"missing\"");
        assertThat(lines.list.get(1).getKeyValuePairs())
                .anyMatch(pair -> pair.toString().equals("target=\"usercache/known\""));
        assertThat(stack.send(HttpRequest.newBuilder(URI.create(base() + "prometheus"))
                                .build())
                        .body())
                .contains("sluice_management_audit_total{action=\"usercache.drop\",outcome=\"done\"}")
                .contains("sluice_management_audit_total{action=\"token\",outcome=\"wrong\"}");
    }

    private static void raw(String head) {
        boolean authorised = !head.startsWith("GET");
        ByteClient.exchange(
                stack.edge().managementPort(),
                head + "\r\nHost: m\r\nConnection: close\r\n"
                        + (authorised ? "Authorization: Bearer " + TOKEN + "\r\n" : "") + "\r\n");
    }

    private static Map<String, String> keysOf(String user) {
        Map<String, String> values = new HashMap<>();
        stack.redis()
                .client()
                .keys("*" + user + "*")
                .forEach(key -> values.put(
                        key, HexFormat.of().formatHex(stack.redis().client().dump(key))));
        return values;
    }

    private static JsonNode claim(JsonNode explained, String name) {
        return StreamSupport.stream(explained.path("claims").spliterator(), false)
                .filter(claim -> claim.path("claim").asString().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + name + " in " + explained));
    }

    private static Answer limits(String user) {
        Answer answer = management("GET", "limits/" + user, null);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer;
    }

    private static String base() {
        return "http://127.0.0.1:" + stack.edge().managementPort() + "/actuator/";
    }

    /** As {@code curl -d} sends it. */
    private static Answer management(String method, String path, @Nullable String body) {
        return stack.send(HttpRequest.newBuilder(URI.create(base() + path))
                .header("Authorization", "Bearer " + TOKEN)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build());
    }

    /** A user of its own with requests to one route, which can be explained and sent. */
    private static final class Sender {
        private final String user = "explained-" + names.incrementAndGet();
        private final Map<String, Object> explain = new LinkedHashMap<>();
        private String key;

        Sender(String route) {
            this(route, 100);
        }

        Sender(String route, long limit) {
            key = stack.user(user, limit);
            with("user", user).with("route", route).with("bucket", Stack.BUCKET).with("filename", user + "/a b.png");
            if (!route.equals("delete")) {
                with("contentType", "image/png");
            }
        }

        Sender with(String field, Object value) {
            explain.put(field, value);
            return this;
        }

        Sender items(int count) {
            Map<String, Object> item =
                    Map.of("filename", user + "/a.png", "contentType", "image/png", "supabaseBucket", Stack.BUCKET);
            return with("body", Map.of("items", Collections.nCopies(count, item)));
        }

        JsonNode explain() {
            Answer answer = management("POST", "explain", JSON.writeValueAsString(explain));
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            return answer.json();
        }

        /** What the real request gets is what was told of it. */
        JsonNode agrees(String expected) {
            JsonNode told = explain();
            JsonNode refusal = told.path("refusal");
            Answer real = send();
            if (expected.equals("admitted")) {
                assertThat(told.path("verdict").asString()).as(told.toString()).isEqualTo("admitted");
                assertThat(real.status()).as(real.body()).isLessThan(300);
                return told;
            }
            assertThat(refusal.path("code").asString()).as(told.toString()).isEqualTo(expected);
            assertThat(real.code()).as(real.body()).isEqualTo(expected);
            assertThat(refusal.path("status").intValue()).isEqualTo(real.status());
            for (String field : List.of("limit", "current", "unit", "field", "error", "remaining")) {
                assertThat(refusal.path(field)).as(field).isEqualTo(real.json().path(field));
            }
            return told;
        }

        Answer send() {
            String route = String.valueOf(explain.get("route"));
            return switch (route) {
                case "signed-url" ->
                    stack.sign(
                            Map.of("X-API-Key", key),
                            String.valueOf(explain.get("filename")).replace("a b", "n" + names.incrementAndGet()),
                            String.valueOf(explain.get("bucket")));
                case "signed-urls" ->
                    stack.post(
                            "/v1/supabase/signed-urls",
                            Map.of("X-API-Key", key),
                            JSON.writeValueAsString(explain.get("body")));
                default -> proxied(route);
            };
        }

        private int size() {
            return Integer.parseInt(String.valueOf(explain.get("fileSize")));
        }

        private Answer proxied(String route) {
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(
                            stack.edge().url() + "/v1/upload/" + explain.get("bucket") + "/" + user + "/a%20b.png"))
                    .header("X-API-Key", key);
            Supplier<HttpRequest> built = () -> route.equals("delete")
                    ? request.DELETE().build()
                    : request.header("Content-Type", "image/png")
                            .PUT(BodyPublishers.ofByteArray(new byte[size()]))
                            .build();
            return stack.send(built.get());
        }
    }
}
