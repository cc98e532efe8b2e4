package dev.sluice.deadlines;

import dev.sluice.testkit.Backends;
import dev.sluice.testkit.EdgeProcess;
import dev.sluice.testkit.Latencies;
import dev.sluice.testkit.Redis;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;

/**
 * Measures answers beside a Redis that answers, one that is gone and one that hangs, in turn and in several rounds, and
 * prints them: {@code bench/deadlines}.
 */
public final class Deadlines {

    private static final int USERS = 20;
    private static final Duration STATE_LIMIT = Duration.ofSeconds(30);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(10);

    /** So that a condition is measured when what comes with its beginning is over. */
    private static final Duration SETTLE = Duration.ofSeconds(1);

    private final DeadlinesPlan plan;
    private final Redis redis;
    private final EdgeProcess edge;
    private final SteadyLoad load;
    private final HttpClient http = HttpClient.newHttpClient();

    private Deadlines(DeadlinesPlan plan, Redis redis, EdgeProcess edge, SteadyLoad load) {
        this.plan = plan;
        this.redis = redis;
        this.edge = edge;
        this.load = load;
    }

    public static void main(String[] arguments) {
        DeadlinesPlan plan;
        try {
            plan = DeadlinesPlan.of(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.exit(2);
            return;
        }
        DeadlinesReport report = measure(plan);
        System.out.println(report);
        System.exit(report.isWithinDeadlines() ? 0 : 1);
    }

    private static DeadlinesReport measure(DeadlinesPlan plan) {
        Redis redis = Redis.start();
        try (Backends backends = Backends.start(redis);
                EdgeProcess edge = EdgeProcess.start(
                                redis,
                                backends.supabase(),
                                "sluice.redis.timeout",
                                plan.redisTimeout().toMillis() + "ms",
                                "sluice.operations.signed-url.memory",
                                "1000000/1m",
                                "sluice.operations.signed-url.redis",
                                "1000000/1m")
                        .awaitReady()) {
            List<String> keys = IntStream.range(0, USERS)
                    .mapToObj(i -> backends.user("user-" + i, 1_000_000))
                    .toList();
            try (SteadyLoad load = SteadyLoad.start(edge.url(), keys, plan.rate())) {
                Deadlines deadlines = new Deadlines(plan, redis, edge, load);
                System.out.println("Warming up");
                deadlines.round(0);
                List<Round> rounds = new ArrayList<>();
                for (int i = 0; i < plan.rounds(); i++) {
                    System.out.println("Round " + (i + 1));
                    rounds.add(deadlines.round(i));
                }
                return new DeadlinesReport(plan, rounds, load.failures());
            }
        }
    }

    /** The order changes from round to round, so that neither way without Redis is always the later one. */
    private Round round(int number) {
        Map<Condition, Latencies> measured = new EnumMap<>(Condition.class);
        measured.put(Condition.ANSWERS, load.during(plan.condition()));
        if (number % 2 == 0) {
            beRefused(measured);
        }
        Duration untilOpen = hang(measured);
        if (number % 2 != 0) {
            beRefused(measured);
        }
        return new Round(measured, untilOpen);
    }

    private void beRefused(Map<Condition, Latencies> measured) {
        redis.kill();
        awaitState("The circuit did not open", this::isCircuitOpen);
        load.during(SETTLE);
        measured.put(Condition.REFUSES, load.during(plan.condition()));
        redis.restart();
        awaitRedisDecides();
    }

    private Duration hang(Map<Condition, Latencies> measured) {
        long started = System.nanoTime();
        redis.freeze();
        awaitState("The circuit did not open", this::isCircuitOpen);
        long opened = System.nanoTime();
        measured.put(Condition.HANGS, load.sentBetween(started, opened));
        measured.put(Condition.HANGS_UNASKED, load.during(plan.condition()));
        redis.thaw();
        awaitRedisDecides();
        return Duration.ofNanos(opened - started);
    }

    private void awaitRedisDecides() {
        awaitState("Redis does not decide again", () -> !isCircuitOpen() && load.isDecidedByRedis());
        load.during(SETTLE);
    }

    private static void awaitState(String failure, BooleanSupplier state) {
        long limit = System.nanoTime() + STATE_LIMIT.toNanos();
        while (!state.getAsBoolean()) {
            if (System.nanoTime() > limit) {
                throw new IllegalStateException(failure + " within " + STATE_LIMIT);
            }
            LockSupport.parkNanos(LOOK_AGAIN.toNanos());
        }
    }

    private boolean isCircuitOpen() {
        try {
            return http.send(
                            HttpRequest.newBuilder(URI.create(edge.managementUrl() + "/actuator/prometheus"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body()
                    .lines()
                    .anyMatch(line -> line.startsWith("resilience4j_circuitbreaker_state{")
                            && line.contains("name=\"redis\"")
                            && line.contains("state=\"open\"")
                            && line.endsWith(" 1.0"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
