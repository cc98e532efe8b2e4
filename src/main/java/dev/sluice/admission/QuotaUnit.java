package dev.sluice.admission;

import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.problem.Problem;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a request would take of a quota, in one of its units.
 *
 * @param name {@code requests} or {@code bytes}
 * @param limit null for no limit, and where nobody can tell
 * @param limitFrom where the limit comes from
 * @param row null where nobody can tell
 * @param view null where Redis cannot be asked, so that nobody knows what is pending
 */
record QuotaUnit(
        String name,
        long cost,
        @Nullable Long limit,
        String limitFrom,
        @Nullable QuotaRow row,
        @Nullable LedgerView view) {

    static final String REQUESTS = "requests";
    static final String BYTES = "bytes";

    /** Null where nobody can tell. */
    @Nullable Long used() {
        Long counted = counted();
        Long pending = pending();
        return counted == null ? null : Long.valueOf(counted + (pending == null ? 0 : pending));
    }

    private @Nullable Long counted() {
        return row == null ? null : Long.valueOf(name.equals(BYTES) ? row.bytesCurrent() : row.current());
    }

    private @Nullable Long pending() {
        return view == null ? null : Long.valueOf(name.equals(BYTES) ? view.bytesPending() : view.pending());
    }

    private @Nullable Long resetMillis(Instant now) {
        Instant end = row == null ? null : row.periodEndsAt();
        return end == null
                ? null
                : Long.valueOf(Math.max(0, Duration.between(now, end).toMillis()));
    }

    Map<String, @Nullable Object> figures(Instant now) {
        Long used = used();
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("unit", name);
        figures.put("limit", limit);
        figures.put("limitFrom", limitFrom);
        figures.put("used", used);
        figures.put("counted", counted());
        figures.put("pending", pending());
        figures.put("cost", cost);
        figures.put("remaining", limit == null || used == null ? null : Long.valueOf(Math.max(0, limit - used)));
        figures.put("resetIn", resetMillis(now));
        return figures;
    }

    /** The refusal; null if it fits, or where nobody can tell. */
    @Nullable Problem exceeded(Instant now) {
        Long used = used();
        return limit == null || used == null || used + cost <= limit
                ? null
                : Refusals.quota(new AdmitReply.QuotaExceeded(name, used, limit, resetMillis(now), List.of()));
    }
}
