package dev.sluice.admission;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.sluice.ledger.QuotaRow;
import org.jspecify.annotations.Nullable;

/**
 * What {@code edge_facts} answers.
 *
 * @param quota the user's row; null if there is none
 * @param canRead whether the user may read the bucket that was asked for
 * @param canWrite whether the user may write it
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record Facts(@Nullable QuotaRow quota, boolean canRead, boolean canWrite) {

    boolean grants(Access access) {
        return access == Access.READ ? canRead : canWrite;
    }

    QuotaRow row() {
        return quota == null ? QuotaRow.NONE : quota;
    }
}
