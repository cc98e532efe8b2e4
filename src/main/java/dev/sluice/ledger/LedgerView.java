package dev.sluice.ledger;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What Redis knows of a user's usage.
 *
 * @param facts the row that the ledger holds; null where it holds none, or one that has to be read again
 * @param held the same, also where it has to be read again; null where it holds none
 * @param pending requests charged and not known to be in the row
 * @param bytesPending bytes charged and not known to be in the row
 * @param uploads in flight over all instances
 * @param bytesInFlight what they declare
 * @param rates one per window that was asked for, in their order
 * @param verdicts one per bucket that was asked for, in their order; null where Redis has none
 */
public record LedgerView(
        @Nullable QuotaRow facts,
        @Nullable QuotaRow held,
        long pending,
        long bytesPending,
        long uploads,
        long bytesInFlight,
        List<RateState> rates,
        List<@Nullable Boolean> verdicts) {

    private static final int HEAD = 12;

    static LedgerView read(List<Object> reply, int windows, int buckets) {
        List<RateState> rates = new ArrayList<>(windows);
        for (int i = 0; i < windows; i++) {
            int at = HEAD + 3 * i;
            rates.add(new RateState(number(reply, at), number(reply, at + 1), number(reply, at + 2)));
        }
        List<@Nullable Boolean> verdicts = new ArrayList<>(buckets);
        for (int i = 0; i < buckets; i++) {
            Long verdict = optional(reply, HEAD + 3 * windows + i);
            verdicts.add(verdict == null ? null : verdict == 1);
        }
        Long end = optional(reply, 9);
        QuotaRow row = new QuotaRow(
                null,
                number(reply, 3),
                optional(reply, 5),
                number(reply, 6),
                optional(reply, 8),
                end == null ? null : Instant.ofEpochMilli(end),
                number(reply, 2));
        return new LedgerView(
                number(reply, 0) == 1 ? row : null,
                number(reply, 1) == 1 ? row : null,
                number(reply, 4),
                number(reply, 7),
                number(reply, 10),
                number(reply, 11),
                rates,
                verdicts);
    }

    private static long number(List<Object> reply, int index) {
        return Long.parseLong(String.valueOf(reply.get(index)));
    }

    private static @Nullable Long optional(List<Object> reply, int index) {
        String text = String.valueOf(reply.get(index));
        return text.isEmpty() ? null : Long.valueOf(text);
    }
}
