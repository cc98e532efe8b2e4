package dev.sluice.deadlines;

import dev.sluice.testkit.Latencies;
import dev.sluice.testkit.Stack;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Asks for upload URLs at a constant rate, whether or not earlier requests are answered, so that a slow answer delays none
 * of the next ones and hides none.
 */
final class SteadyLoad implements AutoCloseable {

    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(5);

    private record Answered(long sentNanos, long tookNanos) {}

    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI target;
    private final List<String> keys;
    private final List<Answered> answers = new ArrayList<>();
    private final Map<String, Integer> failures = new TreeMap<>();
    private long sent;
    private long answered;
    private boolean byRedis;

    private SteadyLoad(String edge, List<String> keys) {
        this.target = URI.create(edge + "/v1/supabase/signed-url");
        this.keys = keys;
    }

    /**
     * Begins.
     *
     * @param edge the instance's address
     * @param keys API keys, used in turn
     * @param rate requests per second
     */
    static SteadyLoad start(String edge, List<String> keys, int rate) {
        SteadyLoad load = new SteadyLoad(edge, keys);
        load.clock.scheduleAtFixedRate(load::ask, 0, TimeUnit.SECONDS.toNanos(1) / rate, TimeUnit.NANOSECONDS);
        return load;
    }

    /** Waits for so long, and for the answers to what was sent meanwhile. */
    Latencies during(Duration time) {
        long from = System.nanoTime();
        LockSupport.parkNanos(time.toNanos());
        return sentBetween(from, System.nanoTime());
    }

    /** Waits for the answers to what was sent between two values of {@link System#nanoTime()}. */
    Latencies sentBetween(long from, long to) {
        long until = sentSoFar();
        while (answeredSoFar() < until) {
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
        synchronized (this) {
            return Latencies.of(answers.stream()
                    .filter(answer -> answer.sentNanos >= from && answer.sentNanos < to)
                    .map(Answered::tookNanos)
                    .toList());
        }
    }

    /** Whether Redis decided what was answered last; only then the answer tells its rate limit. */
    synchronized boolean isDecidedByRedis() {
        return byRedis;
    }

    /** What else than 200 was answered, and how often. */
    synchronized Map<String, Integer> failures() {
        return new TreeMap<>(failures);
    }

    private synchronized long sentSoFar() {
        return sent;
    }

    private synchronized long answeredSoFar() {
        return answered;
    }

    private void ask() {
        long number;
        synchronized (this) {
            number = sent++;
        }
        HttpRequest request = HttpRequest.newBuilder(target)
                .timeout(PATIENCE)
                .header("X-API-Key", keys.get((int) (number % keys.size())))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"filename\":\"" + number
                        + ".txt\",\"contentType\":\"text/plain\",\"supabaseBucket\":\"" + Stack.BUCKET + "\"}"))
                .build();
        long started = System.nanoTime();
        http.sendAsync(request, BodyHandlers.ofString())
                .whenComplete((answer, error) -> judge(started, System.nanoTime() - started, answer, error));
    }

    private synchronized void judge(
            long started, long took, @Nullable HttpResponse<String> answer, @Nullable Throwable error) {
        answered++;
        if (answer == null) {
            failures.merge(String.valueOf(error), 1, Integer::sum);
        } else if (answer.statusCode() != 200) {
            failures.merge(answer.statusCode() + " " + answer.body(), 1, Integer::sum);
        } else {
            answers.add(new Answered(started, took));
            byRedis = answer.headers().firstValue("RateLimit-Policy").orElse("").contains("\"signed-url\"");
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
