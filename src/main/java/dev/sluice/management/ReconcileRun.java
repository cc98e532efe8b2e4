package dev.sluice.management;

import dev.sluice.reconcile.ReconcileReport;
import java.time.Instant;
import java.util.Locale;

/** A {@link ReconcileReport} in JSON's types. */
public record ReconcileRun(
        Instant started,
        long tookMillis,
        String outcome,
        boolean dryRun,
        long users,
        long differing,
        long missing,
        long drifted,
        long corrected,
        long failedChunks) {

    public static ReconcileRun of(ReconcileReport report) {
        return new ReconcileRun(
                report.started(),
                report.took().toMillis(),
                report.outcome().name().toLowerCase(Locale.ROOT),
                report.dryRun(),
                report.users(),
                report.differing(),
                report.missing(),
                report.drifted(),
                report.corrected(),
                report.failedChunks());
    }
}
