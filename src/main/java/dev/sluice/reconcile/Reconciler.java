package dev.sluice.reconcile;

import dev.sluice.ledger.LedgerState;
import dev.sluice.ledger.QuotaRow;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Says what is wrong with ledgers, given what they held first and what the database said afterwards. */
final class Reconciler {

    private final double driftWarningPercent;

    Reconciler(double driftWarningPercent) {
        this.driftWarningPercent = driftWarningPercent;
    }

    /**
     * One user's ledger beside the user's row.
     *
     * @param row the row; {@link QuotaRow#NONE} if there is none
     * @param missing whether a row was known and is gone
     * @param differs whether the row is of another version than the ledger's facts, or says something else
     * @param driftPercent how far {@code used} is off
     * @param drifted whether that is worth a warning
     */
    record Finding(
            String userId,
            LedgerState seen,
            QuotaRow row,
            boolean missing,
            boolean differs,
            double driftPercent,
            boolean drifted) {}

    /**
     * Compares each ledger with its row. Stubs are left out: they hold no facts.
     *
     * @param seen ledgers by user, read before {@code rows}
     * @param rows by user; a user without a row is absent
     */
    List<Finding> compare(Map<String, LedgerState> seen, Map<String, QuotaRow> rows) {
        return seen.entrySet().stream()
                .filter(entry -> !entry.getValue().stub())
                .map(entry -> compare(entry.getKey(), entry.getValue(), rows.get(entry.getKey())))
                .toList();
    }

    private Finding compare(String userId, LedgerState seen, @Nullable QuotaRow found) {
        QuotaRow row = found == null ? QuotaRow.NONE : found;
        double drift = Math.max(
                percent(seen.base(), seen.pending(), row.current()),
                percent(seen.bytesBase(), seen.bytesPending(), row.bytesCurrent()));
        return new Finding(
                userId,
                seen,
                row,
                found == null && seen.version() > 0,
                !seen.holds(row),
                drift,
                drift > driftWarningPercent);
    }

    /**
     * |used - (database + unsettled)| in percent of max(database, 1). Unsettled is what is pending and not in the database
     * yet: none to all of it, since an event is applied a moment before it is settled. The figure nearest to used counts.
     */
    private static double percent(long base, long pending, long database) {
        double ahead = (double) base - database;
        double drift = ahead >= 0 ? ahead : Math.max(0, -ahead - Math.max(0, pending));
        return 100 * drift / Math.max(database, 1);
    }
}
