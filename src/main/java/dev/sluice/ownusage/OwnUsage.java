package dev.sluice.ownusage;

import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a user may use and has used.
 *
 * @param row what the database has counted, under which limits
 * @param view what Redis knows beside that; null while it cannot be asked
 * @param checks the windows of {@link LedgerView#rates()}, in their order
 */
record OwnUsage(QuotaRow row, @Nullable LedgerView view, List<RateCheck> checks) {

    /** Where the row comes from. */
    String source() {
        return view != null && view.facts() != null ? "redis" : "database";
    }
}
