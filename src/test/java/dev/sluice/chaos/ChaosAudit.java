package dev.sluice.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.LedgerState;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Database;
import io.lettuce.core.api.sync.RedisCommands;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** Waits until everything has arrived, and holds the database and the ledgers against what the clients saw. */
final class ChaosAudit {

    /** Entries of a killed instance are claimed after 30 s, and a store is tried again after at most 60 s. */
    private static final Duration DRAIN_LIMIT = Duration.ofMinutes(2);

    private static final Duration FENCE_LIMIT = Duration.ofSeconds(15);

    /** Amounts by which what the database charged differs from what users got. */
    record Findings(
            long answered,
            long inDoubt,
            long charged,
            long lost,
            long doubled,
            long overrunByRedis,
            long overrunInOutages,
            long admittedInOutages,
            List<String> violations) {}

    private final ChaosStage stage;
    private final HttpClient http = HttpClient.newHttpClient();

    ChaosAudit(ChaosStage stage) {
        this.stage = stage;
    }

    /** Returns when no event waits anywhere and no ledger has anything pending; how long that took. */
    Duration awaitDrained() {
        long started = System.nanoTime();
        Awaitility.await("the drain of streams, ledgers and journals")
                .atMost(DRAIN_LIMIT)
                .pollInterval(Duration.ofMillis(500))
                .untilAsserted(() -> assertThat(waiting()).isEmpty());
        return Duration.ofNanos(System.nanoTime() - started);
    }

    private List<String> waiting() {
        RedisCommands<String, String> redis = stage.backends().redis().client();
        List<String> waiting = new ArrayList<>();
        for (int p = 0; p < KeySpace.PARTITIONS; p++) {
            if (redis.xlen(KeySpace.usage(p)) + redis.xlen(KeySpace.dead(p)) > 0) {
                waiting.add("partition " + p + " " + redis.xpending(KeySpace.usage(p), KeySpace.GROUP));
            }
        }
        stage.users().stream()
                .filter(user -> pending(user) != 0)
                .map(user -> user.id + " " + ledger(user))
                .forEach(waiting::add);
        stage.edges().stream()
                .filter(edge ->
                        !metric(edge.managementUrl(), "sluice_journal_events").equals("0.0"))
                .map(edge -> "journal of " + edge.port())
                .forEach(waiting::add);
        return waiting;
    }

    private long pending(ChaosUser user) {
        LedgerState ledger = ledger(user);
        return ledger == null ? 0 : ledger.pending();
    }

    private @Nullable LedgerState ledger(ChaosUser user) {
        return LedgerState.read(stage.backends().redis().client().hgetall(KeySpace.quota(user.id)));
    }

    private String metric(String management, String name) {
        try {
            String all = http.send(
                            HttpRequest.newBuilder(URI.create(management + "/actuator/prometheus"))
                                    .build(),
                            BodyHandlers.ofString())
                    .body();
            return all.lines()
                    .filter(line -> line.startsWith(name + " ") || line.startsWith(name + "{"))
                    .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                    .findFirst()
                    .orElse("absent");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Call it when everything has drained. */
    Findings findings() {
        List<String> violations = new ArrayList<>();
        long[] sums = new long[8];
        for (ChaosUser user : stage.users()) {
            long charged = stage.backends().current(user.id);
            long lost = Math.max(0, user.answered() - charged);
            long doubled = Math.max(0, charged - user.answered() - user.inDoubt());
            long overrunByRedis = Math.max(0, user.answeredByRedis() - user.limit);
            long overrun = Math.max(0, charged - user.limit);
            long allowance = user.answeredInOutages() + user.inDoubt();
            long[] figures = {
                user.answered(),
                user.inDoubt(),
                charged,
                lost,
                doubled,
                overrunByRedis,
                overrun,
                user.answeredInOutages()
            };
            for (int i = 0; i < sums.length; i++) {
                sums[i] += figures[i];
            }
            note(violations, lost > 0, user, "answered " + user.answered() + ", charged " + charged);
            note(
                    violations,
                    doubled > 0,
                    user,
                    "answered " + user.answered() + ", in doubt " + user.inDoubt() + ", charged " + charged);
            note(
                    violations,
                    overrunByRedis > 0,
                    user,
                    "Redis admitted " + user.answeredByRedis() + " of " + user.limit);
            note(
                    violations,
                    overrun > allowance,
                    user,
                    "over the limit by " + overrun + ", outages admitted " + allowance);
            note(violations, counted(user) != charged, user, "events count " + counted(user) + ", the row " + charged);
            note(
                    violations,
                    trustsTooLittle(user, charged),
                    user,
                    "the ledger says " + ledger(user) + ", the row " + charged);
        }
        return new Findings(sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7], violations);
    }

    /**
     * Whether the ledger would go on admitting by less than was charged. What was charged through the database is taken over
     * a moment later, or the partition's fence is replaced within a second, and the ledger is read again before its next charge.
     */
    private boolean trustsTooLittle(ChaosUser user, long charged) {
        long deadline = System.nanoTime() + FENCE_LIMIT.toNanos();
        boolean tooLittle;
        do {
            RedisCommands<String, String> redis = stage.backends().redis().client();
            String fence = redis.get(KeySpace.fence(KeySpace.partition(user.id)));
            LedgerState ledger = ledger(user);
            boolean trusted = Objects.equals(fence, redis.hget(KeySpace.quota(user.id), "fence"));
            tooLittle = trusted && ledger != null && !ledger.stub() && ledger.used() < charged;
        } while (tooLittle && System.nanoTime() < deadline);
        return tooLittle;
    }

    private static void note(List<String> violations, boolean violated, ChaosUser user, String what) {
        if (violated) {
            violations.add(user.id + ": " + what);
        }
    }

    /** What the events that were recorded add up to, each id once. */
    private long counted(ChaosUser user) {
        Database database = stage.backends().database();
        return database.number("""
                select coalesce(sum(c.amount), 0) from usage_events c
                where c.user_id = ? and c.kind = 'charge' and c.counted_in is not null
                  and not exists (select from usage_events r
                    where r.id = c.id and r.day = c.day and r.kind = 'refund' and r.counted_in is not null)
                """, user.id);
    }
}
