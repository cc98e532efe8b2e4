package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.sluice.routes.RouteConfigurationException;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What stops the start says what to mend; what started shows itself on the management port only, without secrets. */
class StartIT {

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

    @Test
    void startsFromTheJarAlone() {
        try (EdgeProcess jar = EdgeProcess.startJar(stack.redis(), stack.supabase())) {
            jar.awaitReady();

            Answer answer = stack.send(HttpRequest.newBuilder(URI.create(jar.url() + "/v1/usage"))
                    .header("X-API-Key", stack.user("from-the-jar", 7))
                    .build());

            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(answer.json().at("/quota/requests/limit").asLong()).isEqualTo(7);
        }
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
