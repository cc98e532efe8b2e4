package dev.sluice.ledger;

import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A ledger as it was read from Redis.
 *
 * @param incarnation random, made with the hash
 * @param version of the facts; -1 before there are any
 * @param base requests that the database counted, as of {@code version}
 * @param pending requests charged and not known to be in {@code base}
 * @param limit requests allowed; null for the configured default
 * @param bytesBase bytes that the database counted
 * @param bytesPending bytes charged and not known to be in {@code bytesBase}
 * @param bytesLimit bytes allowed; null for no limit
 * @param periodEndsAt when the period ends, in epoch milliseconds; null for a quota without a period
 * @param stub whether its facts were never read
 */
public record LedgerState(
        String incarnation,
        long version,
        long base,
        long pending,
        @Nullable Long limit,
        long bytesBase,
        long bytesPending,
        @Nullable Long bytesLimit,
        @Nullable Long periodEndsAt,
        boolean stub) {

    /** Reads a hash as HGETALL answers it; null if it is absent. */
    public static @Nullable LedgerState read(Map<String, String> hash) {
        String incarnation = hash.get("incarnation");
        if (incarnation == null) {
            return null;
        }
        return new LedgerState(
                incarnation,
                number(hash, "version", -1),
                number(hash, "base", 0),
                number(hash, "pending", 0),
                optional(hash, "limit"),
                number(hash, "bytesBase", 0),
                number(hash, "bytesPending", 0),
                optional(hash, "bytesLimit"),
                optional(hash, "periodEndsAt"),
                hash.containsKey("stub"));
    }

    /** Requests used: what the database counted and what is pending. */
    public long used() {
        return base + pending;
    }

    /** Whether its facts are those of this row; a period's end is known to the millisecond. */
    public boolean holds(QuotaRow row) {
        Instant ends = row.periodEndsAt();
        return version == row.version()
                && base == row.current()
                && Objects.equals(limit, row.limit())
                && bytesBase == row.bytesCurrent()
                && Objects.equals(bytesLimit, row.bytesLimit())
                && Objects.equals(periodEndsAt, ends == null ? null : ends.toEpochMilli());
    }

    private static long number(Map<String, String> hash, String field, long absent) {
        Long value = optional(hash, field);
        return value == null ? absent : value;
    }

    private static @Nullable Long optional(Map<String, String> hash, String field) {
        String value = hash.getOrDefault(field, "");
        return value.isEmpty() ? null : Long.valueOf(value);
    }
}
