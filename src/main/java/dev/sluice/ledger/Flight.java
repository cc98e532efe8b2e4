package dev.sluice.ledger;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One upload that wants to be in flight.
 *
 * @param id unique to it
 * @param bytes its size, at least 0
 * @param maxUploads in flight at most, of one user, this one included; null for no limit
 * @param maxBytes in flight at most, of one user, these included; null for no limit
 * @param lease how long it counts unless it is renewed
 */
public record Flight(
        String id,
        long bytes,
        @Nullable Long maxUploads,
        @Nullable Long maxBytes,
        Duration lease) {

    /** Its member in the sorted set of its user. */
    String member() {
        return id + ":" + bytes;
    }
}
