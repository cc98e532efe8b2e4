package dev.sluice.ownusage;

import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a user may use and has used.
 *
 * @param row what the database has counted, under which limits; null while neither it nor Redis can tell
 * @param view what Redis knows beside that; null while it cannot be asked
 * @param checks the windows of {@link LedgerView#rates()}, in their order
 */
public record OwnUsage(@Nullable QuotaRow row, @Nullable LedgerView view, List<RateCheck> checks) {

    /** Where the row comes from. */
    public Source source() {
        return view != null && view.facts() != null ? Source.REDIS : row == null ? Source.UNAVAILABLE : Source.DATABASE;
    }

    /** Where a figure comes from. */
    public enum Source {
        REDIS,
        DATABASE,
        /** From nowhere: what could tell is away. */
        UNAVAILABLE
    }
}
