package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Backends;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How an instance, as a process of its own, ends after SIGTERM. */
class GracefulStopIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ENDED_BY_SIGTERM = 143;

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static Backends backends;

    @BeforeAll
    static void startBackends() {
        backends = Backends.start(Redis.start());
    }

    @AfterAll
    static void closeBackends() {
        backends.close();
    }

    @Test
    void finishesWhatIsUnderWayWhileItsReadinessIsDownAndLosesNoEvent() {
        String key = backends.user("leaving", 100);
        try (EdgeProcess edge = EdgeProcess.start(backends.redis(), backends.supabase())) {
            edge.awaitReady();
            assertThat(sign(edge, key).join().statusCode()).isEqualTo(200);
            backends.supabase().faults().delay("storage.sign-upload", Duration.ofSeconds(3));
            long signed = backends.supabase().calls("storage.sign-upload");
            CompletableFuture<HttpResponse<String>> underWay = sign(edge, key);
            await().atMost(SOON).until(() -> backends.supabase().calls("storage.sign-upload") > signed);

            edge.terminate();

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(edge.readiness()).isEqualTo(503));
            assertThat(underWay).isNotDone();
            HttpResponse<String> answer = underWay.join();
            assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
            assertThat(edge.awaitExit(SOON)).isEqualTo(ENDED_BY_SIGTERM);
        } finally {
            backends.supabase().faults().clear();
        }
    }

    private static CompletableFuture<HttpResponse<String>> sign(EdgeProcess edge, String key) {
        return HTTP.sendAsync(
                HttpRequest.newBuilder(URI.create(edge.url() + "/v1/supabase/signed-url"))
                        .header("Content-Type", "application/json")
                        .header("X-API-Key", key)
                        .POST(BodyPublishers.ofString("{\"filename\":\"" + System.nanoTime()
                                + ".png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + Stack.BUCKET + "\"}"))
                        .build(),
                BodyHandlers.ofString());
    }
}
