package dev.sluice.admission;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.QuotaRow;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What {@code reserve_quota} answers: the verdict, and the row as it is now. */
@JsonIgnoreProperties(ignoreUnknown = true)
record Reservation(
        boolean allowed,
        long current,
        @Nullable Long limit,
        long bytesCurrent,
        @Nullable Long bytesLimit,
        @Nullable Instant periodEndsAt,
        long version) {

    QuotaRow row() {
        return new QuotaRow(null, current, limit, bytesCurrent, bytesLimit, periodEndsAt, version);
    }

    /** What was exceeded, if the reservation was refused: requests first, as in Redis. */
    AdmitReply.QuotaExceeded exceeded(UsageEvent charge, @Nullable Long defaultLimit, Instant now) {
        Long resetMillis = periodEndsAt == null
                ? null
                : Math.max(0, Duration.between(now, periodEndsAt).toMillis());
        long requests = limit != null ? limit : defaultLimit != null ? defaultLimit : 0;
        if (bytesLimit != null && (charge.amount() == 0 || current + charge.amount() <= requests)) {
            return new AdmitReply.QuotaExceeded("bytes", bytesCurrent, bytesLimit, resetMillis, List.of());
        }
        return new AdmitReply.QuotaExceeded("requests", current, requests, resetMillis, List.of());
    }
}
