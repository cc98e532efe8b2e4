package dev.sluice.ledger;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What Redis knows of a user's usage.
 *
 * @param facts the row that the ledger holds; null where it holds none, or one that has to be read again
 * @param pending requests charged and not known to be in the row
 * @param bytesPending bytes charged and not known to be in the row
 * @param rates one per window that was asked for, in their order
 */
public record LedgerView(@Nullable QuotaRow facts, long pending, long bytesPending, List<RateState> rates) {

    static LedgerView read(List<Object> reply, int windows) {
        List<RateState> rates = new ArrayList<>(windows);
        for (int i = 0; i < windows; i++) {
            int at = 9 + 3 * i;
            rates.add(new RateState(number(reply, at), number(reply, at + 1), number(reply, at + 2)));
        }
        Long end = optional(reply, 8);
        QuotaRow facts = new QuotaRow(
                null,
                number(reply, 2),
                optional(reply, 4),
                number(reply, 5),
                optional(reply, 7),
                end == null ? null : Instant.ofEpochMilli(end),
                number(reply, 1));
        boolean trusted = number(reply, 0) == 1;
        return new LedgerView(trusted ? facts : null, number(reply, 3), number(reply, 6), rates);
    }

    private static long number(List<Object> reply, int index) {
        return Long.parseLong(String.valueOf(reply.get(index)));
    }

    private static @Nullable Long optional(List<Object> reply, int index) {
        String text = String.valueOf(reply.get(index));
        return text.isEmpty() ? null : Long.valueOf(text);
    }
}
