package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Stack;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How an instance, as a process of its own, ends after SIGTERM. Another instance, in this JVM, stays. */
class GracefulStopIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int ENDED_BY_SIGTERM = 143;

    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start("sluice.supabase.timeout", "3s");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void heal() {
        stack.supabase().faults().clear();
        stack.redis().thaw();
    }

    @Test
    void finishesWhatIsUnderWayWhileItsReadinessIsDownAndLosesNoEvent() {
        String key = stack.user("leaving", 100);
        try (EdgeProcess edge = start("sluice.shutdown.delay", "2s")) {
            HttpResponse<String> before = sign(edge, key).join();
            assertThat(before.statusCode()).as(before.body()).isEqualTo(200);
            assertThat(before.headers().firstValue("Connection")).isEmpty();
            stack.supabase().faults().delay("storage.sign-upload", Duration.ofSeconds(3));
            long calls = stack.supabase().calls("storage.sign-upload");
            CompletableFuture<HttpResponse<String>> underWay = sign(edge, key);
            await().atMost(SOON).until(() -> stack.supabase().calls("storage.sign-upload") > calls);

            edge.terminate();

            await().atMost(SOON)
                    .untilAsserted(() -> assertThat(edge.readiness()).isEqualTo(503));
            CompletableFuture<HttpResponse<String>> late = sign(edge, key);
            assertThat(underWay).isNotDone();
            for (HttpResponse<String> answer : List.of(underWay.join(), late.join())) {
                assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
                assertThat(answer.headers().firstValue("Connection")).hasValue("close");
            }
            assertThat(edge.awaitExit(SOON)).isEqualTo(ENDED_BY_SIGTERM);
            assertThat(stack.redis().client().zcard("sluice:workers"))
                    .as("its partitions are left to the others at once")
                    .isEqualTo(1);
        }
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(stack.current("leaving")).isEqualTo(3);
            assertThat(outcomes("leaving", true)).isEqualTo(3);
        });
    }

    @Test
    void cutsOffWhatOutlastsItsTimeAndStillAccountsForIt() throws IOException {
        String signing = stack.user("cut-signing", 100);
        String uploading = stack.user("cut-uploading", 100);
        try (EdgeProcess edge = start("spring.lifecycle.timeout-per-shutdown-phase", "2s");
                Socket upload = new Socket("127.0.0.1", edge.port())) {
            stack.supabase().faults().hang("storage.sign-upload");
            long signs = stack.supabase().calls("storage.sign-upload");
            long uploads = stack.supabase().calls("storage.upload");
            CompletableFuture<HttpResponse<String>> hanging = sign(edge, signing);
            beginUpload(upload.getOutputStream(), uploading);
            await().atMost(SOON)
                    .until(() -> stack.supabase().calls("storage.sign-upload") > signs
                            && stack.supabase().calls("storage.upload") > uploads);

            edge.terminate();

            assertThat(edge.awaitExit(SOON)).isEqualTo(ENDED_BY_SIGTERM);
            assertThat(hanging).isCompletedExceptionally();
        }
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(events("cut-signing", "refund")).isEqualTo(1);
            assertThat(stack.current("cut-signing")).isZero();
            assertThat(stack.current("cut-uploading"))
                    .as("storage may have kept it")
                    .isEqualTo(1);
            assertThat(outcomes("cut-signing", false)).isEqualTo(1);
            assertThat(outcomes("cut-uploading", false)).isEqualTo(1);
        });
    }

    @Test
    void endsInTimeAndKeepsItsEventsWhileRedisIsFrozenAndTheDatabaseHangs() {
        String key = stack.user("stranded", 1000);
        // The delay lets in the requests that are sent as the stop begins.
        try (EdgeProcess edge = start(
                "sluice.redis.timeout", "200ms", "sluice.supabase.timeout", "3s", "sluice.shutdown.delay", "3s")) {
            assertThat(sign(edge, key).join().statusCode()).isEqualTo(200);
            stack.redis().freeze();
            stack.supabase().faults().hang("rest");
            List<CompletableFuture<HttpResponse<String>>> calls =
                    IntStream.range(0, 20).mapToObj(i -> sign(edge, key)).toList();

            edge.terminate();

            long answered = calls.stream()
                    .filter(call -> call.join().statusCode() == 200)
                    .count();
            assertThat(answered).isEqualTo(20);
            assertThat(edge.awaitExit(Duration.ofSeconds(35))).isEqualTo(ENDED_BY_SIGTERM);

            heal();
            await().atMost(SOON).untilAsserted(() -> {
                assertThat(known(edge, "stranded", "outcome")).hasSize(21);
                assertThat(known(edge, "stranded", "charge")).containsAll(known(edge, "stranded", "outcome"));
            });
        }
    }

    private static EdgeProcess start(String... settings) {
        return EdgeProcess.start(stack.redis(), stack.supabase(), settings).awaitReady();
    }

    /** Sends half of an upload. */
    private static void beginUpload(OutputStream connection, String key) throws IOException {
        connection.write(("PUT /v1/upload/" + Stack.BUCKET + "/half.png HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                        + "\r\nContent-Type: image/png\r\nContent-Length: 2000\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        connection.write(new byte[1000]);
        connection.flush();
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

    private static long events(String userId, String kind) {
        return stack.database()
                .number("select count(*) from usage_events where user_id = ? and kind = ?", userId, kind);
    }

    private static long outcomes(String userId, boolean success) {
        return stack.database()
                .number(
                        "select count(*) from usage_events where user_id = ? and kind = 'outcome' and success = ?",
                        userId,
                        success);
    }

    /** The ids of the user's events of one kind which are in the database, or kept on disk by the instance. */
    private static Set<String> known(EdgeProcess edge, String userId, String kind) {
        Set<String> ids = new HashSet<>();
        stack.database()
                .query("select id from usage_events where user_id = ? and kind = ?", userId, kind)
                .forEach(row -> ids.add(String.valueOf(row.get("id"))));
        Matcher kept = Pattern.compile("\"id\":\"([0-9a-f-]{36})\",\"kind\":\"" + kind + "\",\"userId\":\"" + userId)
                .matcher(edge.log() + journal(edge));
        while (kept.find()) {
            ids.add(kept.group(1));
        }
        return ids;
    }

    private static String journal(EdgeProcess edge) {
        StringBuilder text = new StringBuilder();
        if (Files.isDirectory(edge.journal())) {
            try (Stream<Path> files = Files.walk(edge.journal())) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    text.append(Files.readString(file, StandardCharsets.ISO_8859_1));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return text.toString();
    }
}
