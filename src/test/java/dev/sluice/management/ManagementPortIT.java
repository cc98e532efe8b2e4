package dev.sluice.management;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.chart.Metrics;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The management port of a whole edge: what is open, what needs the token, and what the endpoints do. */
class ManagementPortIT {

    private static final String TOKEN = "management-token-of-this-test";

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        // As an operator might: exposing more must not open more.
        stack = Stack.start("sluice.management.token", TOKEN, "management.endpoints.web.exposure.include", "*");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"/actuator/health", "/actuator/health/readiness", "/actuator/info", "/actuator/prometheus"})
    void letsEverybodyRead(String path) {
        assertThat(management("GET", path, null).status()).isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/actuator", "/actuator/env", "/actuator/configprops", "/actuator/heapdump", "/actuator/usage",
                "/actuator/reconcile", "/actuator/nothing", "/", "/actuator/health/../env", "/actuator//env",
                "/actuator/%65nv", "/actuator/env;/health", "/actuator/info/x", "/actuator/prometheus/"
            })
    void refusesWithoutTheToken(String path) {
        for (@Nullable String authorization : new @Nullable String[] {
            null, "Bearer", "Bearer wrong-token-of-this-test", "Bearer " + TOKEN + "x", "Basic " + TOKEN, TOKEN
        }) {
            ByteClient.Answer answer = ByteClient.exchange(
                    stack.edge().managementPort(),
                    "GET " + path + " HTTP/1.1\r\nHost: m\r\nConnection: close\r\n"
                            + (authorization == null ? "" : "Authorization: " + authorization + "\r\n") + "\r\n");

            assertThat(answer.status()).as(answer.text()).isEqualTo(401);
            assertThat(answer.json().path("code").asString()).isEqualTo("UNAUTHENTICATED");
            assertThat(answer.json().path("requestId").asString()).startsWith("sup_");
            assertThat(answer.header("WWW-Authenticate")).startsWith("Bearer");
            assertThat(answer.text()).doesNotContain(TOKEN);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
    void refusesToChangeAnythingWithoutTheToken(String method) {
        assertThat(management(method, "/actuator/usage", null).status()).isEqualTo(401);
        assertThat(management(method, "/actuator/reconcile", null).status()).isEqualTo(401);
        assertThat(management(method, "/actuator/usercache/u", null).status()).isEqualTo(401);
        assertThat(management(method, "/actuator/limits/u", null).status()).isEqualTo(401);
        assertThat(management(method, "/actuator/explain", null).status()).isEqualTo(401);
        assertThat(management(method, "/actuator/health", null).status()).isEqualTo(401);
    }

    @Test
    void masksSecretsEvenForWhoHasTheToken() {
        Answer environment = management("GET", "/actuator/env", TOKEN);

        assertThat(environment.status()).isEqualTo(200);
        assertThat(environment.body())
                .doesNotContain(
                        TOKEN, stack.supabase().serviceKey(), stack.supabase().jwtSecret());
        assertThat(management("GET", "/actuator/configprops", TOKEN).body())
                .doesNotContain(
                        TOKEN, stack.supabase().serviceKey(), stack.supabase().jwtSecret());
    }

    @Test
    void saysNotFoundInTheOneErrorForm() {
        Answer answer = management("GET", "/actuator/nothing", TOKEN);

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.code()).isEqualTo("NOT_FOUND");
    }

    @Test
    void isNotThereWhileNoTokenIsSet() {
        try (Edge edge =
                Edge.start(stack.redis(), stack.supabase(), "management.endpoints.web.exposure.include", "*")) {
            String base = "http://127.0.0.1:" + edge.managementPort();
            for (String path : new String[] {
                "/actuator/env", "/actuator/usage", "/actuator/reconcile", "/actuator/limits/u", "/actuator"
            }) {
                Answer answer = stack.send(HttpRequest.newBuilder(URI.create(base + path))
                        .header("Authorization", "Bearer ")
                        .build());

                assertThat(answer.status()).as(path).isEqualTo(404);
                assertThat(answer.code()).isEqualTo("NOT_FOUND");
            }
            assertThat(stack.send(HttpRequest.newBuilder(URI.create(base + "/actuator/health"))
                                    .build())
                            .status())
                    .isEqualTo(200);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"/actuator", "/actuator/health", "/actuator/env", "/actuator/usage", "/actuator/gateway/routes"})
    void isNotOnTheEdgesPort(String path) {
        Answer answer =
                stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + path))
                        .header("Authorization", "Bearer " + TOKEN)
                        .build());

        assertThat(answer.status()).isEqualTo(404);
        assertThat(answer.code()).isEqualTo("NOT_FOUND");
        assertThat(answer.json().path("requestId").asString()).isEqualTo(answer.header("X-Request-Id"));
    }

    @Test
    void reconcilesNowAndTellsOfTheRuns() {
        String key = stack.user("reconciled", 10);
        assertThat(stack.sign(key, "a.png").status()).isEqualTo(200);
        await().atMost(Duration.ofSeconds(60))
                .until(() ->
                        stack.database().number("select count(*) from request_metrics where user_id = 'reconciled'")
                                        == 1
                                && stack.redis().client().xlen(KeySpace.usage(KeySpace.partition("reconciled"))) == 0);
        stack.database().update("update user_quotas set \"limit\" = 3 where user_id = 'reconciled'");

        Answer dry = management("POST", "/actuator/reconcile?dryRun=true", TOKEN);
        Answer run = management("POST", "/actuator/reconcile", TOKEN);

        assertThat(dry.status()).as(dry.body()).isEqualTo(200);
        assertThat(dry.json().path("dryRun").booleanValue()).isTrue();
        assertThat(dry.json().path("corrected").longValue()).isZero();
        assertThat(run.json().path("outcome").asString()).isEqualTo("completed");
        assertThat(run.json().path("users").longValue()).isEqualTo(1);
        assertThat(run.json().path("corrected").longValue()).isEqualTo(1);
        assertThat(management("GET", "/actuator/reconcile", TOKEN)
                        .json()
                        .path("runs")
                        .path(0)
                        .path("corrected")
                        .longValue())
                .isEqualTo(1);
        assertThat(management("POST", "/actuator/reconcile?dryRun=ture", TOKEN).status())
                .isEqualTo(400);
    }

    /** With them the tests that "helm test" runs in a cluster: they need the same two instances. */
    @Test
    void exposesWhatDashboardAndAlertsAskForAndPassesTheChartsTests() throws IOException {
        assertThat(stack.sign(stack.user("watched", 10), "a.png").status()).isEqualTo(200);
        assertThat(management("POST", "/actuator/reconcile", TOKEN).status()).isEqualTo(200);
        Set<String> watched = Metrics.watched();
        assertThat(watched).hasSizeGreaterThan(25);

        try (Edge degraded = Edge.start(
                stack.redis(),
                stack.supabase(),
                "spring.data.redis.url",
                "redis://127.0.0.1:9",
                "SUPABASE_URL",
                "http://127.0.0.1:9",
                "SUPABASE_JWT_ISSUER",
                stack.supabase().issuer(),
                // Only then there is something to measure.
                "sluice.upload.unknown-length",
                "spool",
                "sluice.upload.spool-directory",
                "target/spool/" + UUID.randomUUID())) {
            Answer byPolicy = stack.send(HttpRequest.newBuilder(URI.create(degraded.url() + "/v1/supabase/signed-url"))
                    .header("Authorization", "Bearer " + stack.supabase().accessToken("watched", null))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString(
                            "{\"filename\":\"a\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}"))
                    .build());
            assertThat(byPolicy.code()).isEqualTo("ACCESS_CHECK_UNAVAILABLE");

            await().atMost(Duration.ofSeconds(30))
                    .untilAsserted(() -> assertThat(Metrics.exposed(scrape(stack.edge()) + scrape(degraded)))
                            .containsAll(watched));
            String all = scrape(stack.edge()) + scrape(degraded);
            assertThat(Metrics.tags(all)).containsAllEntriesOf(Metrics.promised());
            assertThat(Metrics.bounds(all, "api_response_time"))
                    .containsExactlyInAnyOrder(
                            "0.001", "0.005", "0.01", "0.025", "0.05", "0.1", "0.15", "0.2", "0.5", "1.0", "+Inf");
            assertThat(helmTest("test-smoke.sh", stack.edge())).contains("PASSED");
            assertThat(helmTest("test-degraded.sh", degraded)).contains("PASSED");
        }
        assertThat(helmTest("test-degraded.sh", stack.edge())).contains("FAILED: health does not say DEGRADED");
    }

    private static String scrape(Edge edge) {
        return stack.send(HttpRequest.newBuilder(
                                URI.create("http://127.0.0.1:" + edge.managementPort() + "/actuator/prometheus"))
                        .build())
                .body();
    }

    private static String helmTest(String script, Edge edge) throws IOException {
        ProcessBuilder shell = new ProcessBuilder("sh", "helm/files/" + script).redirectErrorStream(true);
        shell.environment()
                .putAll(Map.of(
                        "EDGE",
                        edge.url(),
                        "MANAGEMENT",
                        "http://127.0.0.1:" + edge.managementPort(),
                        "REQUEST",
                        "/v1/supabase/signed-url"));
        return new String(shell.start().getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void tellsWhatWaitsAndReplaysDeadLetters() {
        stack.redis()
                .client()
                .xadd(KeySpace.dead(KeySpace.partition("dead")), Map.of("id", "not-a-uuid", "kind", "charge"));

        Answer usage = management("GET", "/actuator/usage", TOKEN);
        assertThat(usage.json().path("deadLetters").path("total").longValue()).isEqualTo(1);
        assertThat(usage.json().path("backlog").has("total")).isTrue();
        assertThat(usage.json().has("oldestAgeSeconds")).isTrue();

        Answer replayed = management("POST", "/actuator/usage", TOKEN);
        assertThat(replayed.json().path("replayed").longValue()).isEqualTo(1);
        await().atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(management("GET", "/actuator/usage", TOKEN)
                                .json()
                                .path("deadLetters")
                                .path("total")
                                .longValue())
                        .as("what is refused once more comes back")
                        .isEqualTo(1));
    }

    @ParameterizedTest(name = "[{index}]")
    @ValueSource(strings = {"short", "fifteen-letters", "sixteen letters with spaces"})
    void refusesToStartWithAWeakToken(String token) {
        assertThatThrownBy(() -> Edge.start(stack.redis(), stack.supabase(), "sluice.management.token", token))
                .rootCause()
                .hasMessageContaining("sluice.management.token")
                .hasMessageContaining("SLUICE_MANAGEMENT_TOKEN")
                .hasMessageContaining("16")
                .message()
                .doesNotContain(token);
    }

    @Test
    void refusesToStartWithTheActuatorOnTheEdgesPort() {
        assertThatThrownBy(() -> Edge.start(
                        stack.redis(), stack.supabase(), "server.port", "18080", "management.server.port", "18080"))
                .rootCause()
                .hasMessageContaining("management.server.port");
    }

    @Test
    void doesNotTellTheTokenWhenPrinted() {
        assertThat(new ManagementProperties(TOKEN).toString()).doesNotContain(TOKEN);
    }

    private static Answer management(String method, String path, @Nullable String token) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + stack.edge().managementPort() + path))
                .method(method, BodyPublishers.noBody());
        if (token != null) {
            request.header("Authorization", "Bearer " + token);
        }
        return stack.send(request.build());
    }
}
