package dev.sluice.bench;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Redis;
import io.lettuce.core.LettuceFutures;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.api.StatefulRedisConnection;
import io.lettuce.core.api.async.RedisAsyncCommands;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One run of the reconciler over very many ledgers, one in a hundred of which the database has overtaken, in a process with a
 * small heap. The stand-in for the database shares the core of the process meanwhile, so that Redis, whose commands are timed
 * by a clock, has one to itself.
 */
final class ReconcilerGrowth {

    private static final int HEAP_MEGABYTES = 128;
    private static final int DATABASE_MILLIS = 15;
    private static final int OVERTAKEN_EVERY = 100;
    private static final int BATCH = 5_000;
    private static final long LIFE_SECONDS = 3_600;
    private static final double COMMAND_LIMIT_MILLIS = 5;
    private static final long TOLD_MICROS = 500;
    private static final int SLOWEST_KEPT = 10_000;
    private static final Duration PATIENCE = Duration.ofMinutes(20);
    private static final String TOKEN = "a-token-of-the-benchmark";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Stage stage;
    private final Redis redis;
    private final Program sluice;
    private final int ledgers;

    private ReconcilerGrowth(Stage stage, int ledgers) {
        this.stage = stage;
        this.ledgers = ledgers;
        this.redis = stage.redis();
        this.sluice = stage.sluice(
                redis,
                "reconciler",
                HEAP_MEGABYTES,
                Map.of("sluice.management.token", TOKEN, "sluice.reconcile.interval", "1d"));
    }

    static String measure(GrowthPlan plan, Stage stage) {
        ReconcilerGrowth growth = new ReconcilerGrowth(stage, plan.ledgers());
        System.out.println("Writing " + plan.ledgers() + " ledgers");
        growth.seed();
        stage.delays(0, DATABASE_MILLIS, DATABASE_MILLIS);
        stage.cores().moveToTested(stage.standIn().pid());
        try {
            return growth.run();
        } finally {
            stage.cores().moveToOthers(stage.standIn().pid());
            stage.delays(0, 0, 0);
            stage.end(growth.sluice);
        }
    }

    /** As {@code load.lua} leaves them, but with a longer life. */
    private void seed() {
        StatefulRedisConnection<String, String> connection = redis.client().getStatefulConnection();
        RedisAsyncCommands<String, String> commands = connection.async();
        connection.setAutoFlushCommands(false);
        try {
            for (int first = 0; first < ledgers; first += BATCH) {
                List<RedisFuture<?>> sent = new ArrayList<>();
                for (int i = first; i < Math.min(ledgers, first + BATCH); i++) {
                    String key = KeySpace.quota(new UUID(0x4000, i).toString());
                    sent.add(commands.hset(key, ledger(i)));
                    sent.add(commands.expire(key, LIFE_SECONDS));
                }
                connection.flushCommands();
                if (!LettuceFutures.awaitAll(1, TimeUnit.MINUTES, sent.toArray(RedisFuture[]::new))) {
                    throw new IllegalStateException("Redis did not take the ledgers");
                }
            }
        } finally {
            connection.setAutoFlushCommands(true);
        }
    }

    private static Map<String, String> ledger(int user) {
        return Map.of(
                "incarnation",
                "process-16-chars:" + user,
                "base",
                "0",
                "pending",
                "0",
                "fence",
                "1:process-16-chars:1",
                "version",
                user % OVERTAKEN_EVERY == 0 ? "0" : "1",
                "limit",
                Long.toString(StandInState.LIMIT));
    }

    private String run() {
        RedisCommands<String, String> commands = redis.client();
        commands.configSet("slowlog-log-slower-than", Long.toString(TOLD_MICROS));
        commands.configSet("slowlog-max-len", Integer.toString(SLOWEST_KEPT));
        commands.slowlogReset();
        long heapBefore = sluice.liveHeapKib();
        double cpu = sluice.cpuMicros();
        double redisCpu = Program.cpuMicros(redis.pid());
        CompletableFuture<JsonNode> running = CompletableFuture.supplyAsync(this::reconcile);
        long residentKib = 0;
        while (!running.isDone()) {
            residentKib = Math.max(residentKib, sluice.residentKib());
            LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
        }
        JsonNode report = running.join();
        double perLedger = (sluice.cpuMicros() - cpu) / ledgers;
        double redisPerLedger = (Program.cpuMicros(redis.pid()) - redisCpu) / ledgers;
        check(report);
        List<Slow> slow = Slow.log(commands);
        double tookSeconds = report.path("tookMillis").asDouble() / 1e3;
        return String.format(
                        "%-12s %-10s %-12s %-16s %-22s %-12s %-24s %s%n",
                        "ledgers",
                        "seconds",
                        "ledgers/s",
                        "CPU us/ledger",
                        "Redis CPU us/ledger",
                        "RSS MiB",
                        "heap MiB before, after",
                        "corrected")
                + String.format(
                        Locale.ROOT,
                        "%-12d %-10.1f %-12.0f %-16.1f %-22.1f %-12.0f %-24s %d%n",
                        ledgers,
                        tookSeconds,
                        ledgers / tookSeconds,
                        perLedger,
                        redisPerLedger,
                        residentKib / 1024.0,
                        heapBefore / 1024 + ", " + sluice.liveHeapKib() / 1024,
                        report.path("corrected").asLong())
                + new Bound(
                        "Slowest command of Redis, ms",
                        slow.stream().mapToLong(Slow::micros).max().orElse(0) / 1e3,
                        COMMAND_LIMIT_MILLIS,
                        Slow.told(slow));
    }

    /** Every ledger was looked at, in a heap that could not hold them all. */
    private void check(JsonNode report) {
        long overtaken = (ledgers + OVERTAKEN_EVERY - 1) / OVERTAKEN_EVERY;
        if (!report.path("outcome").asString("").equals("completed")
                || report.path("users").asLong() < ledgers
                || report.path("corrected").asLong() != overtaken) {
            throw new IllegalStateException("The reconciler did not do its work: " + report);
        }
    }

    private JsonNode reconcile() {
        HttpRequest request = HttpRequest.newBuilder(URI.create(sluice.managementUrl() + "/actuator/reconcile"))
                .header("Authorization", "Bearer " + TOKEN)
                .timeout(PATIENCE)
                .POST(BodyPublishers.noBody())
                .build();
        try {
            return JSON.readTree(HttpClient.newHttpClient()
                    .send(request, BodyHandlers.ofString())
                    .body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** A command that took {@value #TOLD_MICROS} us or longer, as SLOWLOG has it. */
    private record Slow(String command, long micros) {

        static List<Slow> log(RedisCommands<String, String> redis) {
            return redis.slowlogGet(SLOWEST_KEPT).stream()
                    .map(entry -> (List<?>) entry)
                    .map(entry -> new Slow(
                            String.valueOf(((List<?>) entry.get(3)).get(0)), ((Number) entry.get(2)).longValue()))
                    .toList();
        }

        static String told(List<Slow> slow) {
            return slow.stream()
                    .max((one, other) -> Long.compare(one.micros, other.micros))
                    .map(most -> String.format(
                            Locale.ROOT, "%s; %d took %.1f ms or longer", most.command, slow.size(), TOLD_MICROS / 1e3))
                    .orElse("none took " + TOLD_MICROS / 1e3 + " ms");
        }
    }
}
