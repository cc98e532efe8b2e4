package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.sluice.routes.RouteConfigurationException;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What stops the start says what to mend; what started shows itself on the management port only, without secrets. */
class StartIT {

    private static final String ALIASES =
            "a: &a [0,0,0,0,0,0,0,0,0,0];b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a];c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b];"
                    + "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c];e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d];"
                    + "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e];g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f,*f];"
                    + "h: &h [*g,*g,*g,*g,*g,*g,*g,*g,*g,*g];i: &i [*h,*h,*h,*h,*h,*h,*h,*h,*h,*h]";
    private static final String ROUTE = "spring.cloud.gateway.server.webflux.routes[0].";

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start();
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "SUPABASE_URL|''|sluice.supabase",
                "SUPABASE_URL|abc.supabase.co|sluice.supabase",
                "SUPABASE_SERVICE_KEY|''|sluice.supabase",
                "sluice.operations.upload.memory|lots|sluice.operations.upload.memory",
                "sluice.operations.new.memory|5/1m|sluice.operations.new.redis",
                "sluice.operations.upload.rediss|5/1m|Operation 'upload' has an unknown setting 'rediss'",
                "spring.cloud.gateway.server.webflux.routes[3].filter[0]|Authenticate|has an unknown setting 'filter'",
                "sluice.quota.on-failure|perhaps|sluice.quota.on-failure",
                "sluice.redis.timeout|0ms|sluice.redis.timeout",
                "sluice.usage.batch-size|0|sluice.usage",
                "sluice.usage.retention|3d|sluice.usage.retention must be at least 4d",
                "sluice.journal.max-size|1KB|sluice.journal.max-size must be at least 1MB",
                "sluice.journal.on-full|drop|sluice.journal.on-full",
                "sluice.journal.directory|/dev/null/journal|sluice.journal.directory must be a directory that",
                "sluice.signed-url.signer|s3|SLUICE_S3_ACCESS_KEY",
                "sluice.object-prefix|{userId}|object-prefix"
            })
    void stopsAtBadConfigurationAndNamesTheProperty(String property, String value, String named) {
        Throwable error = catchThrowable(() ->
                Edge.start(stack.redis(), stack.supabase(), property, value).close());

        assertThat(error).isNotNull();
        assertThat(causes(error)).contains(named);
        assertThat(causes(error)).doesNotContain(stack.supabase().serviceKey());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Nope=1|no filter Nope",
                "RateLimit=nothing|no operation 'nothing'",
                "RateLimit=upload,5|no argument number 2",
                "SupabaseSignedUrl=upload|needs UploadIntent"
            })
    void stopsAtABadRouteAndNamesIt(String filter, String reason) {
        Throwable error = catchThrowable(() -> Edge.start(
                        stack.redis(),
                        stack.supabase(),
                        ROUTE + "id",
                        "mine",
                        ROUTE + "uri",
                        "no://op",
                        ROUTE + "predicates[0]",
                        "Path=/mine",
                        ROUTE + "filters[0]",
                        filter)
                .close());

        assertThat(error).isInstanceOf(RouteConfigurationException.class).hasMessageContaining("'mine'");
        assertThat(error).hasMessageContaining(reason);
    }

    /** A file that a reload would refuse. The aliases stand for a thousand million values. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "spring.cloud.gateway.server.webflux.rotues: []|webflux has an unknown setting 'rotues'|mean 'routes'?",
                "sluice.operatons.upload.redis: 5/1m|sluice has an unknown setting 'operatons'|mean 'operations'?",
                ALIASES + "|: It is more than 100000 values when its aliases are written out.|Take out aliases",
                "a: &a {b: *a}|: It is more than 100000 values when its aliases are written out.|Take out aliases",
                "a: [|: It is no YAML: line |Correct it."
            })
    void stopsAtABadRoutesFileAndTellsWhatToMend(String line, String mistake, String hint, @TempDir Path directory)
            throws IOException {
        Path routes = Files.writeString(
                directory.resolve("mine.yml"),
                Files.readString(Path.of("gateway-routes.yml")) + "\n---\n" + line.replace(';', '\n') + "\n");

        RouteConfigurationException refused = catchThrowableOfType(
                RouteConfigurationException.class,
                () -> Edge.start(stack.redis(), stack.supabase(), "SLUICE_ROUTES", routes.toString())
                        .close());

        assertThat(refused).hasMessageContaining(mistake).hasMessageContaining(routes.toString());
        assertThat(refused.action()).contains(hint);
    }

    @Test
    void showsMetricsAndHealthOnTheManagementPortOnly() {
        String key = stack.user("metrics", 10);
        assertThat(stack.sign(key, "a.png").status()).isEqualTo(200);

        Answer metrics = management("/actuator/prometheus");

        assertThat(metrics.body())
                .contains("api_response_time_seconds_bucket")
                .contains("provider=\"supabase\"")
                .contains("sluice_stage_seconds_count")
                .contains("sluice_admission_total")
                .contains("sluice_usage_backlog")
                .contains("sluice_usage_oldest_age")
                .contains("sluice_journal_bytes", "sluice_journal_events", "sluice_journal_overflowed_total")
                .contains("resilience4j_circuitbreaker_state")
                .doesNotContain("metrics\"}", key);
        assertThat(management("/actuator/health/readiness").status()).isEqualTo(200);
        assertThat(management("/actuator/env").status()).isEqualTo(404);
        assertThat(stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + "/actuator/health"))
                                .build())
                        .status())
                .isEqualTo(404);
    }

    /** Whose log is JSON as a whole, of which a request's lines have its id and, where it is sampled, its trace's. */
    @Test
    void startsFromTheJarAlone() throws IOException {
        try (EdgeProcess jar = EdgeProcess.startJar(
                stack.redis(),
                stack.supabase(),
                "logging.structured.format.console",
                "ecs",
                "management.tracing.sampling.probability",
                "1",
                "management.opentelemetry.tracing.export.otlp.endpoint",
                "http://127.0.0.1:9/v1/traces")) {
            jar.awaitReady();

            Answer answer = stack.send(HttpRequest.newBuilder(URI.create(jar.url() + "/v1/usage"))
                    .header("X-API-Key", stack.user("from-the-jar", 7))
                    .build());

            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(answer.json().at("/quota/requests/limit").asLong()).isEqualTo(7);
            Answer refused = stack.send(HttpRequest.newBuilder(URI.create(jar.url() + "/v1/usage"))
                    .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")
                    .build());
            assertThat(refused.status()).isEqualTo(401);
            assertThat(eventLoops(jar)).isEqualTo(1);
            await().untilAsserted(() -> assertThat(lines(jar)).anySatisfy(line -> {
                assertThat(line.path("requestId").asString("")).isEqualTo(refused.header("X-Request-Id"));
                assertThat(line.path("traceId").asString("")).isEqualTo("0af7651916cd43dd8448eb211c80319c");
                assertThat(line.path("message").asString("")).contains("401 UNAUTHENTICATED");
            }));
        }
    }

    /** By Linux' own list of threads, which cuts their names off. */
    private static long eventLoops(EdgeProcess edge) throws IOException {
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(edge.pid()), "task"))) {
            return threads.filter(thread -> name(thread).startsWith("reactor-http-"))
                    .count();
        }
    }

    private static String name(Path thread) {
        try {
            return Files.readString(thread.resolve("comm"));
        } catch (IOException e) {
            return "it has ended";
        }
    }

    /** Those that are whole; fails at one that is no JSON object. */
    private static List<JsonNode> lines(EdgeProcess edge) {
        String log = edge.log();
        return log.substring(0, log.lastIndexOf('\n') + 1)
                .lines()
                .map(line -> {
                    JsonNode json = JsonMapper.shared().readTree(line);
                    assertThat(json.has("@timestamp") && json.has("message"))
                            .as(line)
                            .isTrue();
                    return json;
                })
                .toList();
    }

    private static Answer management(String path) {
        return stack.send(HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + stack.edge().managementPort() + path))
                .build());
    }

    private static String causes(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            text.append(cause).append('\n');
        }
        return text.toString();
    }
}
