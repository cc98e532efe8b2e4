package dev.sluice.bench;

import dev.sluice.redis.KeySpace;
import io.lettuce.core.Limit;
import io.lettuce.core.Range;
import io.lettuce.core.StreamMessage;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;

/** Target 5: whether usage is applied as fast as it comes, while a client asks for as much as it gets. */
final class UsageRun {

    private static final int DATABASE_MILLIS = 15;
    private static final double OLDEST_LIMIT_SECONDS = 2;
    private static final double EVENTS_PER_CALL = 100;
    private static final Duration LOOK = Duration.ofMillis(200);

    private UsageRun() {}

    static List<Verdict> measure(Plan plan, Stage stage, Program sluice) {
        stage.delays(0, DATABASE_MILLIS, DATABASE_MILLIS);
        try {
            return measureDelayed(plan, stage, sluice);
        } finally {
            stage.delays(0, 0, 0);
        }
    }

    private static List<Verdict> measureDelayed(Plan plan, Stage stage, Program sluice) {
        StandInCounts before = stage.counts();
        CompletableFuture<Wrk> load = CompletableFuture.supplyAsync(() -> Wrk.run(
                stage.cores()::others, sluice.url(), Load.SIGN, plan.connections(), plan.seconds() * plan.rounds()));
        long oldestMillis = 0;
        long backlog = 0;
        while (!load.isDone()) {
            oldestMillis = Math.max(oldestMillis, oldestMillis(stage));
            backlog = Math.max(backlog, stage.backlog());
            LockSupport.parkNanos(LOOK.toNanos());
        }
        Wrk wrk = load.join();
        StandInCounts under = stage.counts().since(before);
        long drainMillis = stage.drain().toMillis();
        double perCall = (double) under.events() / Math.max(1, under.applyCalls());
        String rate = String.format(
                Locale.ROOT,
                "at %.0f requests/s for %d s; at most %d events waited, all applied %d ms after the last",
                wrk.rate(),
                plan.seconds() * plan.rounds(),
                backlog,
                drainMillis);
        return List.of(
                Verdict.of(5, "Age of the oldest usage event, s", oldestMillis / 1e3, OLDEST_LIMIT_SECONDS, rate),
                Verdict.of(
                        5,
                        "Calls of apply_usage per 100 events",
                        EVENTS_PER_CALL / Math.max(1, perCall),
                        1,
                        String.format(Locale.ROOT, "%.0f events a call", perCall)));
    }

    /** Of the entries that Redis has, by the clock that it shares with this process. */
    private static long oldestMillis(Stage stage) {
        long oldest = Long.MAX_VALUE;
        for (int partition = 0; partition < KeySpace.PARTITIONS; partition++) {
            List<StreamMessage<String, String>> first =
                    stage.sluiceRedis().xrange(KeySpace.usage(partition), Range.unbounded(), Limit.create(0, 1));
            for (StreamMessage<String, String> entry : first) {
                String id = entry.getId();
                oldest = Math.min(oldest, Long.parseLong(id.substring(0, id.indexOf('-'))));
            }
        }
        return oldest == Long.MAX_VALUE ? 0 : System.currentTimeMillis() - oldest;
    }
}
