package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Backends;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Two instances are restarted one after the other under load, behind a balancer that sends requests to those whose readiness
 * it found up lately, as Kubernetes does, and never sends one twice.
 */
class RollingRestartIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    /** Of an instance that starts while the others are under load, on two cores. */
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    private static final Duration CALL_LIMIT = Duration.ofSeconds(30);
    private static final int CLIENTS = 6;
    private static final String[] SETTINGS = {
        "sluice.shutdown.delay", "2s",
        "sluice.operations.signed-url.memory", "1000000/1m",
        "sluice.operations.signed-url.redis", "1000000/1m"
    };

    private final HttpClient http = HttpClient.newHttpClient();
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);
    private final ScheduledExecutorService prober = Executors.newSingleThreadScheduledExecutor();
    private final AtomicLong answered = new AtomicLong();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private volatile List<EdgeProcess> ready = List.of();
    private volatile boolean load = true;
    private Backends backends;

    @BeforeEach
    void startBackends() {
        backends = Backends.start(Redis.start());
    }

    @AfterEach
    void closeBackends() {
        clients.shutdownNow();
        prober.shutdownNow();
        backends.close();
    }

    @Test
    void losesNoRequestAndNoEvent() throws Exception {
        try (EdgeProcess one = EdgeProcess.start(backends.redis(), backends.supabase(), SETTINGS);
                EdgeProcess other = EdgeProcess.start(backends.redis(), backends.supabase(), SETTINGS)) {
            List<EdgeProcess> all = List.of(one.awaitReady(), other.awaitReady());
            ready = all;
            prober.scheduleWithFixedDelay(() -> probe(all), 100, 100, TimeUnit.MILLISECONDS);
            for (int i = 0; i < CLIENTS; i++) {
                String key = backends.user("rolling-" + i, 1_000_000);
                clients.execute(() -> callAgainAndAgain(key));
            }

            for (EdgeProcess instance : all) {
                awaitMoreAnswers();
                instance.terminate();
                assertThat(instance.awaitExit(SOON)).isEqualTo(143);
                awaitMoreAnswers();
                instance.restart();
                await().atMost(START_LIMIT).until(() -> ready.contains(instance));
            }
            awaitMoreAnswers();
            load = false;
            clients.shutdown();
            assertThat(clients.awaitTermination(CALL_LIMIT.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();

            assertThat(failures).isEmpty();
            await().atMost(SOON).untilAsserted(() -> {
                assertThat(total("select sum(current) from user_quotas")).isEqualTo(answered.get());
                assertThat(total("select count(*) from usage_events where kind = 'outcome' and success"))
                        .isEqualTo(answered.get());
            });
            assertThat(total("select count(*) from usage_events where kind = 'refund'"))
                    .isZero();
        }
    }

    private void probe(List<EdgeProcess> all) {
        ready = all.stream().filter(edge -> edge.readiness() == 200).toList();
    }

    /** Calls the ready instances in turn; anything but an answer of 200 is a failure. */
    private void callAgainAndAgain(String key) {
        for (int turn = 0; load; turn++) {
            List<EdgeProcess> targets = ready;
            if (targets.isEmpty()) {
                failures.add("No instance was ready");
                return;
            }
            EdgeProcess target = targets.get(turn % targets.size());
            try {
                HttpResponse<String> answer = http.send(sign(target, key, turn), BodyHandlers.ofString());
                if (answer.statusCode() == 200) {
                    answered.incrementAndGet();
                } else {
                    failures.add(answer.statusCode() + " " + answer.body());
                }
            } catch (IOException e) {
                failures.add(e.toString());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static HttpRequest sign(EdgeProcess target, String key, int turn) {
        return HttpRequest.newBuilder(URI.create(target.url() + "/v1/supabase/signed-url"))
                .timeout(CALL_LIMIT)
                .header("Content-Type", "application/json")
                .header("X-API-Key", key)
                .POST(BodyPublishers.ofString("{\"filename\":\"" + turn
                        + ".png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + Stack.BUCKET + "\"}"))
                .build();
    }

    private void awaitMoreAnswers() {
        long goal = answered.get() + 50;
        await().atMost(SOON).until(() -> answered.get() >= goal || !failures.isEmpty());
    }

    private long total(String sql) {
        return backends.database().number(sql);
    }
}
