package dev.sluice.reconcile;

import java.time.Duration;
import java.time.Instant;

/**
 * What one run found and did.
 *
 * @param started when it began
 * @param took how long it took
 * @param users ledgers that were compared
 * @param differing of those, how many held facts that the database has replaced
 * @param missing of those, how many have no row any more
 * @param drifted of those, how many are off by more than {@code sluice.reconcile.drift-warning}
 * @param corrected ledgers that took the database's facts over; 0 in a dry run
 * @param failedChunks chunks of at most 500 users that could not be compared
 * @param dryRun whether it only reports
 * @param outcome how it ended
 */
public record ReconcileReport(
        Instant started,
        Duration took,
        long users,
        long differing,
        long missing,
        long drifted,
        long corrected,
        long failedChunks,
        boolean dryRun,
        Outcome outcome) {

    /** How a run ended. */
    public enum Outcome {
        /** Every ledger was compared. */
        COMPLETED,
        /** Some could not be. */
        PARTIAL,
        /** None could be. */
        FAILED,
        /** Another run was in progress, or Redis could not be reached: nothing was looked at. */
        SKIPPED
    }
}
