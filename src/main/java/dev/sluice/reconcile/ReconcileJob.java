package dev.sluice.reconcile;

import dev.sluice.reconcile.ReconcileReport.Outcome;
import dev.sluice.reconcile.Reconciliation.Tally;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/** Runs the reconciliation, on one instance at a time, and remembers the last runs of this one. */
public final class ReconcileJob {

    private static final Logger log = LoggerFactory.getLogger(ReconcileJob.class);
    private static final String JOB = "reconcile";
    private static final int REMEMBERED = 20;

    private final Reconciliation reconciliation;
    private final Locks locks;
    private final Duration interval;
    private final Clock clock;
    private final Scheduler scheduler;
    private final MeterRegistry metrics;
    private final Counter users;
    private final Counter drifted;
    private final Counter corrected;
    private final Deque<ReconcileReport> reports = new ArrayDeque<>(REMEMBERED);

    /** @param scheduler whose threads may block */
    ReconcileJob(
            Reconciliation reconciliation,
            Locks locks,
            ReconcileProperties properties,
            Clock clock,
            Scheduler scheduler,
            MeterRegistry metrics) {
        this.reconciliation = reconciliation;
        this.locks = locks;
        this.interval = properties.interval();
        this.clock = clock;
        this.scheduler = scheduler;
        this.metrics = metrics;
        this.users = metrics.counter("sluice.reconcile.users");
        this.drifted = metrics.counter("sluice.reconcile.drifted");
        this.corrected = metrics.counter("sluice.reconcile.corrected");
    }

    /**
     * Runs now, unless a run is in progress on any instance. Never fails; the report's outcome says how it went.
     *
     * @param dryRun to report only
     */
    public Mono<ReconcileReport> run(boolean dryRun) {
        return Mono.fromCallable(() -> runHere(dryRun)).subscribeOn(scheduler);
    }

    /** The last {@value #REMEMBERED} runs of this instance, newest first. */
    public List<ReconcileReport> reports() {
        synchronized (reports) {
            return List.copyOf(reports);
        }
    }

    /** A scheduled run: once per interval over all instances. Blocks. */
    void runInTurn() {
        try {
            if (locks.takeTurn(JOB, interval)) {
                runHere(false);
            }
        } catch (RuntimeException e) {
            log.warn("The reconciliation is skipped: {}", e.toString());
            report(clock.instant(), Tally.NOTHING, false, Outcome.SKIPPED);
        }
    }

    private ReconcileReport runHere(boolean dryRun) {
        Instant started = clock.instant();
        try {
            Tally tally = locks.exclusively(
                    JOB, () -> reconciliation.run(dryRun).blockOptional().orElse(Tally.NOTHING));
            return tally == null
                    ? report(started, Tally.NOTHING, dryRun, Outcome.SKIPPED)
                    : report(started, tally, dryRun, outcome(tally));
        } catch (RuntimeException e) {
            log.warn("The reconciliation is skipped: {}", e.toString());
            return report(started, Tally.NOTHING, dryRun, Outcome.SKIPPED);
        }
    }

    private static Outcome outcome(Tally tally) {
        if (tally.failedChunks() + tally.failedScans() == 0) {
            return Outcome.COMPLETED;
        }
        return tally.users() == 0 ? Outcome.FAILED : Outcome.PARTIAL;
    }

    private ReconcileReport report(Instant started, Tally tally, boolean dryRun, Outcome outcome) {
        ReconcileReport report = new ReconcileReport(
                started,
                Duration.between(started, clock.instant()),
                tally.users(),
                tally.differing(),
                tally.missing(),
                tally.drifted(),
                tally.corrected(),
                tally.failedChunks(),
                dryRun,
                outcome);
        synchronized (reports) {
            if (reports.size() == REMEMBERED) {
                reports.removeLast();
            }
            reports.addFirst(report);
        }
        metrics.counter("sluice.reconcile.runs", "outcome", outcome.name().toLowerCase(Locale.ROOT))
                .increment();
        users.increment((double) report.users());
        drifted.increment((double) report.drifted());
        corrected.increment((double) report.corrected());
        log.info("Reconciled: {}", report);
        return report;
    }
}
