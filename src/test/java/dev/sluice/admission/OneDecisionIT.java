package dev.sluice.admission;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A request is decided once, also where Spring Cloud Gateway's own filters run its route again or hand it to another. */
class OneDecisionIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    /** One route with a fallback, one that is tried again, one that fails before it is decided, and the fallback. */
    private static final String ROUTES = """
            spring:
              cloud:
                gateway:
                  server:
                    webflux:
                      routes:
                        - id: guarded
                          uri: ${sluice.upload.backend}
                          predicates: [Method=GET, "Path=/v1/guarded/{bucket}/**"]
                          filters:
                            - name: CircuitBreaker
                              args: {name: guarded, fallbackUri: forward:/v1/fallback/avatars/a.png, statusCodes: [500]}
                            - Authenticate
                            - UploadIntent=path
                            - RateLimit=upload
                            - Quota=requests
                            - BucketAccess=read
                            - RewritePath=/v1/guarded/(?<object>.*), /storage/v1/object/$\\{object}
                        - id: retried
                          uri: ${sluice.upload.backend}
                          predicates: [Method=GET, "Path=/v1/retried/{bucket}/**"]
                          filters:
                            - name: Retry
                              args: {retries: 2, exceptions: [java.lang.RuntimeException], series: [SERVER_ERROR]}
                            - Authenticate
                            - UploadIntent=path
                            - RateLimit=upload
                            - Quota=requests
                            - BucketAccess=read
                            - RewritePath=/v1/retried/(?<object>.*), /storage/v1/object/$\\{object}
                        - id: fallback
                          uri: ${sluice.upload.backend}
                          predicates: [Method=GET, "Path=/v1/fallback/{bucket}/**"]
                          filters:
                            - Authenticate
                            - UploadIntent=path
                            - RateLimit=upload
                            - Quota=requests,3
                            - BucketAccess=read
                            - RewritePath=/v1/fallback/(?<object>.*), /storage/v1/object/$\\{object}
            """;

    /** The routes file is followed, so it stays for as long as the instance runs. */
    @TempDir
    static Path directory;

    private static Stack stack;

    @BeforeAll
    static void startAll() throws IOException {
        Path routes = directory.resolve("routes.yml");
        Files.writeString(routes, ROUTES);
        stack = Stack.start("SLUICE_ROUTES", routes.toString());
        stack.supabase().createBucket("closed");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void heal() {
        stack.supabase().faults().clear();
    }

    @Test
    void aRefusalIsRepeatedByTheFallback() {
        String key = stack.user("refused", 100);
        double before = decisions();

        Answer answer = get("guarded/closed/a.png", key);

        assertThat(answer.code()).as(answer.body()).isEqualTo("BUCKET_ACCESS_DENIED");
        assertThat(decisions() - before).isEqualTo(1);
        assertThat(charges("refused")).isZero();
    }

    @Test
    void aRefusalIsRepeatedByARetry() {
        String key = stack.user("tried-again", 100);
        double before = decisions();

        Answer answer = get("retried/closed/a.png", key);

        assertThat(answer.code()).as(answer.body()).isEqualTo("BUCKET_ACCESS_DENIED");
        assertThat(decisions() - before).isEqualTo(1);
    }

    @Test
    void whatWasAdmittedIsChargedOnceWhereTheFallbackAnswers() {
        String key = stack.user("admitted", 100);
        stack.supabase().faults().status("storage", 500, "{}").times("storage", 1);
        double before = decisions();

        Answer answer = get("guarded/avatars/a.png", key);

        assertThat(answer.code()).as("of the fallback: " + answer.body()).isEqualTo("OBJECT_NOT_FOUND");
        assertThat(decisions() - before).isEqualTo(1);
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(charges("admitted")).isEqualTo(1);
            assertThat(
                            stack.database()
                                    .number(
                                            "select sum(amount) from usage_events where user_id = 'admitted' and kind = 'charge'"))
                    .isEqualTo(1);
        });
    }

    private static double decisions() {
        return stack.edge().bean(MeterRegistry.class).find("sluice.admission").counters().stream()
                .mapToDouble(Counter::count)
                .sum();
    }

    private static long charges(String userId) {
        return stack.database()
                .number("select count(*) from usage_events where user_id = ? and kind = 'charge'", userId);
    }

    private static Answer get(String path, String key) {
        return stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/" + path))
                .header("X-API-Key", key)
                .build());
    }
}
