package dev.sluice.ledger;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A ledger as it was read from Redis.
 *
 * @param incarnation random, made with the hash
 * @param version of the facts; -1 before there are any
 * @param base requests that the database counted, as of {@code version}
 * @param pending requests charged and not known to be in {@code base}
 * @param bytesBase bytes that the database counted
 * @param bytesPending bytes charged and not known to be in {@code bytesBase}
 * @param stub whether its facts were never read
 */
public record LedgerState(
        String incarnation, long version, long base, long pending, long bytesBase, long bytesPending, boolean stub) {

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
                number(hash, "bytesBase", 0),
                number(hash, "bytesPending", 0),
                hash.containsKey("stub"));
    }

    /** Requests used: what the database counted and what is pending. */
    public long used() {
        return base + pending;
    }

    private static long number(Map<String, String> hash, String field, long absent) {
        String value = hash.get(field);
        return value == null ? absent : Long.parseLong(value);
    }
}
