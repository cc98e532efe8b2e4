package dev.sluice.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Link;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The console of two instances around one Redis, of which the second can be cut off from it. */
class ConsoleIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final String TOKEN = "management-token-of-this-test";
    private static final String HIDDEN = "a-secret-of-a-route";

    /** With a secret wherever a route may have one, behind those of the jar. */
    private static final String MORE_ROUTES = """
                        - id: '<img src=x onerror=alert(1)>'
                          uri: http://someone:%1$s@backend.internal:9000/%1$s
                          predicates:
                            - Path=/backend/**
                            - Header=X-Internal, %1$s
                          filters:
                            - AddRequestHeader=X-Backend-Key, %1$s
                            - StripPrefix=1
            """.formatted(HIDDEN);

    @TempDir
    private static Path directory;

    private static Stack stack;
    private static Link toRedis;
    private static Edge other;

    @BeforeAll
    static void startAll() throws IOException {
        Path routes = directory.resolve("routes.yml");
        Files.writeString(routes, Files.readString(Path.of("gateway-routes.yml")) + "\n" + MORE_ROUTES);
        Redis redis = Redis.start();
        toRedis = Link.to(redis.port());
        stack = Stack.start(redis, settings(routes, "first"));
        other = Edge.start(
                stack.redis(),
                stack.supabase(),
                Stream.concat(
                                Stream.of(settings(routes, "second")),
                                Stream.of("spring.data.redis.url", "redis://127.0.0.1:" + toRedis.port()))
                        .toArray(String[]::new));
    }

    private static String[] settings(Path routes, String name) {
        return new String[] {
            "sluice.management.token", TOKEN, "HOSTNAME", name, "SLUICE_ROUTES", routes.toString(),
        };
    }

    @AfterAll
    static void stopAll() {
        other.close();
        toRedis.close();
        stack.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "index.html",
                "console.css",
                "console.js",
                "figures.js",
                "page.js",
                "panels.js",
                "theme.js",
                "user.js",
                "icon.svg"
            })
    void servesItsFilesToEverybodyAndLetsThemRunNothingElse(String file) {
        Answer answer = get(stack.edge(), "/console/" + file, null);

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("Content-Type")).endsWith(";charset=UTF-8");
        assertThat(answer.header("Content-Security-Policy"))
                .contains("default-src 'none'", "script-src 'self';", "style-src 'self';", "connect-src 'self'")
                .contains("frame-ancestors 'none'", "base-uri 'none'", "require-trusted-types-for 'script'")
                .doesNotContain("unsafe", "*");
        assertThat(answer.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(answer.header("X-Frame-Options")).isEqualTo("DENY");
        assertThat(answer.header("Referrer-Policy")).isEqualTo("no-referrer");
        assertThat(answer.body().replace("http://www.w3.org/2000/svg", ""))
                .as("nothing of another host, nothing inline, nothing made of text")
                .doesNotContain("://", "innerHTML", "<style", " style=", " onclick", "eval(", TOKEN);
    }

    @Test
    void isFoundWithoutTheSlashAndHasNoOtherFiles() {
        Answer moved = get(stack.edge(), "/console", null);
        assertThat(moved.status()).isEqualTo(307);
        assertThat(moved.header("Location")).isEqualTo("console/");
        assertThat(send(stack.edge(), "HEAD", "/console/", null).status()).isEqualTo(200);
        assertThat(get(stack.edge(), "/console/other.js", null).status()).isEqualTo(404);
        assertThat(get(stack.edge(), "/console/a/b.js", null).status()).isEqualTo(401);
        assertThat(send(stack.edge(), "POST", "/console/", null).status()).isEqualTo(401);
        assertThat(stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + "/console/"))
                                .build())
                        .status())
                .as("on the edge's port")
                .isEqualTo(404);
    }

    @Test
    void tellsItsFiguresToWhoBringsTheToken() {
        assertThat(get(stack.edge(), "/actuator/console", null).status()).isEqualTo(401);
        assertThat(get(stack.edge(), "/actuator/console", "wrong-token-of-this-test")
                        .status())
                .isEqualTo(401);

        Answer answer = get(stack.edge(), "/actuator/console", TOKEN);

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        assertThat(answer.header("Cache-Control")).isEqualTo("no-store");
    }

    @Test
    void addsUpWhatTheInstancesDid() {
        String key = stack.user("of-the-console", 1000);
        tell();
        JsonNode before = snapshot(stack.edge());
        for (int i = 0; i < 3; i++) {
            assertThat(stack.sign(key, "first-" + i).status()).isEqualTo(200);
        }
        for (int i = 0; i < 4; i++) {
            assertThat(sign(other, key, "second-" + i).status()).isEqualTo(200);
        }
        assertThat(sign(other, "sk_nobody", "x").status()).isEqualTo(401);

        // A request is counted when its answer has ended, a moment after the client has it.
        await().atMost(SOON).untilAsserted(() -> {
            tell();
            JsonNode now = snapshot(stack.edge());
            assertThat(total(now, "api.response_time", "signed-url", "success"))
                    .isEqualTo(total(before, "api.response_time", "signed-url", "success") + 7);
            assertThat(series(now, "api.response_time", "signed-url", "UNAUTHENTICATED")
                            .path("total")
                            .path(0)
                            .longValue())
                    .isPositive();
        });

        JsonNode first = snapshot(stack.edge());
        JsonNode second = snapshot(other);
        assertThat(first.path("alone").booleanValue()).isFalse();
        assertThat(names(first)).containsExactly("first", "second");
        assertThat(names(second)).containsExactly("second", "first");
        assertThat(total(second, "sluice.admission", "admitted", "redis"))
                .isEqualTo(total(first, "sluice.admission", "admitted", "redis"))
                .isGreaterThanOrEqualTo(7);
        for (JsonNode buckets : List.of(
                series(first, "api.response_time.buckets", "signed-url"),
                series(first, "sluice.stage.buckets", "redis"))) {
            List<Long> counts =
                    buckets.path("total").valueStream().map(JsonNode::longValue).toList();
            assertThat(counts).hasSize(11).isSorted();
            assertThat(counts.get(10)).isGreaterThanOrEqualTo(7);
        }
        assertThat(series(first, "api.response_time", "signed-url", "success")
                        .path("perSecond")
                        .path(0)
                        .doubleValue())
                .isPositive();
        assertThat(first.path("instances")
                        .valueStream()
                        .mapToDouble(one -> one.path("requestsPerSecond").doubleValue())
                        .sum())
                .isPositive();
        assertThat(first.path("instances")
                        .path(1)
                        .path("circuits")
                        .path("redis")
                        .asString())
                .isEqualTo("CLOSED");
        assertThat(first.path("instances")
                        .path(1)
                        .path("gauges")
                        .path("jvm.memory.used")
                        .doubleValue())
                .isPositive();
    }

    @Test
    void tellsOthersLittleAndForAShortTimeOnly() {
        assertThat(stack.sign(stack.user("untold-user", 1000), "untold-path").status())
                .isEqualTo(200);
        tell();
        String key = KeySpace.instance(other.bean(OwnReport.class).id());

        String told = stack.redis().client().get(key);

        assertThat(told).hasSizeLessThan(16 * 1024).doesNotContain("untold", TOKEN, HIDDEN);
        assertThat(stack.redis().client().pttl(key)).isBetween(1L, 15_000L);
        assertThat(stack.redis().client().pttl(KeySpace.instances())).isPositive();
        stack.redis().client().set("sluice:instance:broken", "{\"id\":1}");
        stack.redis().client().zadd(KeySpace.instances(), System.currentTimeMillis(), "broken");
        assertThat(names(snapshot(stack.edge())))
                .as("what another version wrote is left out")
                .containsExactly("first", "second");
    }

    @Test
    void showsTheRunsOfAllInstancesAndDoesNotStandInTheirWay() {
        JsonNode run =
                send(other, "POST", "/actuator/reconcile?dryRun=true", TOKEN).json();
        assertThat(run.path("outcome").asString()).isEqualTo("completed");
        tell();

        JsonNode shown = snapshot(stack.edge())
                .path("runs")
                .valueStream()
                .filter(one -> one.path("instance").asString().equals("second"))
                .findFirst()
                .orElseThrow();

        assertThat(shown.path("run"))
                .as("in the form that its own endpoint has")
                .isEqualTo(run);
        assertThat(Instant.parse(run.path("started").asString()))
                .isBetween(Instant.now().minusSeconds(60), Instant.now());
    }

    @Test
    void showsRoutesAndTheirFiltersWithoutTheirSecrets() {
        Answer answer = get(stack.edge(), "/actuator/console", TOKEN);
        JsonNode routes = answer.json().path("routes").path("list");

        assertThat(answer.body()).doesNotContain(HIDDEN);
        assertThat(routes.path(0).path("id").asString()).isEqualTo("signed-url");
        assertThat(texts(routes.path(0).path("filters")))
                .startsWith("Authenticate", "MemoryGuard=signed-url", "UploadIntent=body")
                .endsWith("SupabaseSignedUrl=upload");
        JsonNode last = routes.path(routes.size() - 1);
        assertThat(last.path("id").asString()).isEqualTo("<img src=x onerror=alert(1)>");
        assertThat(last.path("uri").asString()).isEqualTo("http://backend.internal:9000");
        assertThat(texts(last.path("predicates"))).containsExactly("Path=/backend/**", "Header=(hidden)");
        assertThat(texts(last.path("filters"))).containsExactly("AddRequestHeader=(hidden)", "StripPrefix=1");
        assertThat(answer.json()
                        .path("instances")
                        .path(0)
                        .path("routes")
                        .path("fingerprint")
                        .asString())
                .isEqualTo(other.bean(OwnReport.class).last().routes().fingerprint());
    }

    @Test
    void tellsOfItselfAloneWithoutRedisAndComesBack() {
        toRedis.cut();
        try {
            JsonNode alone = snapshot(other);

            assertThat(alone.path("alone").booleanValue()).isTrue();
            assertThat(names(alone)).containsExactly("second");
            assertThat(alone.path("usage").path("deadLetters").isNull()).isTrue();
            double untold = untold();
            other.bean(InstanceReports.class).tell().block(SOON);
            assertThat(untold()).isGreaterThan(untold);
        } finally {
            toRedis.mend();
        }
        await().atMost(SOON).untilAsserted(() -> {
            tell();
            assertThat(names(snapshot(other))).containsExactly("second", "first");
        });
    }

    @Test
    void isNotCountedAnyMoreOnceItHasStopped() {
        tell();
        other.bean(InstanceReports.class).destroy();
        try {
            assertThat(names(snapshot(stack.edge()))).containsExactly("first");
        } finally {
            other.bean(InstanceReports.class).tell().block(SOON);
        }
    }

    private static double untold() {
        return other.bean(MeterRegistry.class)
                .get("sluice.console.untold")
                .counter()
                .count();
    }

    /** As the schedule does every five seconds. */
    private static void tell() {
        stack.edge().bean(InstanceReports.class).tell().block(SOON);
        other.bean(InstanceReports.class).tell().block(SOON);
    }

    private static JsonNode snapshot(Edge edge) {
        Answer answer = get(edge, "/actuator/console", TOKEN);
        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        return answer.json();
    }

    private static List<String> names(JsonNode snapshot) {
        return snapshot.path("instances")
                .valueStream()
                .map(instance -> instance.path("name").asString())
                .toList();
    }

    private static List<String> texts(JsonNode array) {
        return array.valueStream().map(JsonNode::asString).toList();
    }

    private static JsonNode series(JsonNode snapshot, String name, String... tags) {
        return snapshot.path("series")
                .valueStream()
                .filter(one -> one.path("name").asString().equals(name)
                        && texts(one.path("tags")).equals(List.of(tags)))
                .findFirst()
                .orElseGet(() -> snapshot.path("absent"));
    }

    private static long total(JsonNode snapshot, String name, String... tags) {
        return series(snapshot, name, tags).path("total").path(0).asLong(0);
    }

    private static Answer sign(Edge edge, String key, String filename) {
        return stack.send(HttpRequest.newBuilder(URI.create(edge.url() + "/v1/supabase/signed-url"))
                .headers("X-API-Key", key, "Content-Type", "application/json")
                .POST(BodyPublishers.ofString(
                        "{\"filename\":\"%s\",\"contentType\":\"image/png\",\"supabaseBucket\":\"%s\"}"
                                .formatted(filename, Stack.BUCKET)))
                .build());
    }

    private static Answer get(Edge edge, String path, @Nullable String token) {
        return send(edge, "GET", path, token);
    }

    private static Answer send(Edge edge, String method, String path, @Nullable String token) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + edge.managementPort() + path))
                .method(method, BodyPublishers.noBody());
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return stack.send(request.build());
    }
}
