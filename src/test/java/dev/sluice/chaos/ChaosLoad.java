package dev.sluice.chaos;

import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Latencies;
import dev.sluice.testkit.Stack;
import java.io.IOException;
import java.net.ConnectException;
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
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Clients that ask as fast as they are answered: mostly for upload URLs, else for download URLs, or they upload. */
final class ChaosLoad {

    private static final Duration PATIENCE = Duration.ofSeconds(15);
    private static final Duration CONNECT_PATIENCE = Duration.ofSeconds(2);
    private static final Duration BEFORE_CONNECTING_AGAIN = Duration.ofMillis(200);
    private static final Pattern CODE = Pattern.compile("\"code\":\"(\\w+)\"");

    /** Rates are told in the answer only if Redis evaluated them; the instance's own always are. */
    private static final Pattern RATE_OF_REDIS = Pattern.compile("\"(signed-url|upload)\"");

    private final List<EdgeProcess> edges;
    private final List<ChaosUser> users;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(CONNECT_PATIENCE)
            .build();
    private final Map<String, LongAdder> outcomes = new ConcurrentSkipListMap<>();
    private final List<Long> answerNanos = new ArrayList<>();
    private volatile boolean over;

    ChaosLoad(List<EdgeProcess> edges, List<ChaosUser> users) {
        this.edges = edges;
        this.users = users;
    }

    /** Asks until {@link #end()} is called, and returns when the last answer is there. */
    void run(int clients, long seed) throws Exception {
        ExecutorService threads = Executors.newFixedThreadPool(clients);
        try {
            List<Future<?>> running = new ArrayList<>();
            for (int client = 0; client < clients; client++) {
                SplittableRandom random = new SplittableRandom(seed + client);
                running.add(threads.submit(() -> ask(random)));
            }
            for (Future<?> client : running) {
                client.get();
            }
        } finally {
            threads.shutdownNow();
        }
    }

    void end() {
        over = true;
    }

    /** Requests by what became of them. */
    Map<String, LongAdder> outcomes() {
        return outcomes;
    }

    /** How long the requests that were answered took. */
    Latencies took() {
        synchronized (answerNanos) {
            return Latencies.of(answerNanos);
        }
    }

    private void ask(SplittableRandom random) {
        while (!over) {
            ChaosUser user = users.get(random.nextInt(users.size()));
            EdgeProcess edge = edges.get(random.nextInt(edges.size()));
            int kind = random.nextInt(10);
            boolean upload = kind == 0;
            HttpRequest request = request(edge, user, kind, random.nextLong(1_000_000));
            long started = System.nanoTime();
            try {
                HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
                took(System.nanoTime() - started);
                judge(user, answer, upload);
            } catch (ConnectException e) {
                count("not connected");
                LockSupport.parkNanos(BEFORE_CONNECTING_AGAIN.toNanos());
            } catch (IOException e) {
                user.unanswered();
                count("unanswered");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static HttpRequest request(EdgeProcess edge, ChaosUser user, int kind, long name) {
        HttpRequest.Builder request = HttpRequest.newBuilder().timeout(PATIENCE).header("X-API-Key", user.key);
        String object = user.id + "/" + name + ".txt";
        if (kind == 0) {
            return request.uri(URI.create(edge.url() + "/v1/upload/" + Stack.BUCKET + "/" + object))
                    .header("Content-Type", "text/plain")
                    .PUT(BodyPublishers.ofString("x".repeat(2000)))
                    .build();
        }
        String operation = kind == 1 ? "download-url" : "signed-url";
        return request.uri(URI.create(edge.url() + "/v1/supabase/" + operation))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"filename\":\"" + (kind == 1 ? ChaosStage.KNOWN_OBJECT : object)
                        + "\",\"contentType\":\"text/plain\",\"supabaseBucket\":\"" + Stack.BUCKET + "\"}"))
                .build();
    }

    /** A proxied upload that was answered with 5xx may have had its effect, and then stays charged. */
    private void judge(ChaosUser user, HttpResponse<String> answer, boolean upload) {
        int status = answer.statusCode();
        if (status < 300) {
            String told = answer.headers().firstValue("RateLimit-Policy").orElse("");
            boolean byRedis = RATE_OF_REDIS.matcher(told).find();
            user.answered(byRedis);
            count(byRedis ? "200 by Redis" : "200 in an outage");
            return;
        }
        if (upload && status >= 500) {
            user.unanswered();
        }
        Matcher code = CODE.matcher(answer.body());
        count(status + " " + (code.find() ? code.group(1) : "without a code"));
    }

    private void took(long nanos) {
        synchronized (answerNanos) {
            answerNanos.add(nanos);
        }
    }

    private void count(String outcome) {
        outcomes.computeIfAbsent(outcome, name -> new LongAdder()).increment();
    }
}
