package dev.sluice.ledger;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What one run of the admission script answered. */
public sealed interface AdmitReply {

    /**
     * The database has to be asked first; nothing was counted.
     *
     * @param incarnation of the ledger that waits for facts; empty if there is no quota claim
     * @param fence the partition's fence as of now
     * @param quota whether the ledger's facts are needed
     * @param verdict whether the bucket verdict is needed
     */
    record Load(String incarnation, String fence, boolean quota, boolean verdict) implements AdmitReply {}

    /** A reply that evaluated the rate windows. */
    sealed interface Decided extends AdmitReply {
        /** One state per {@link RateCheck}, in their order. */
        List<RateState> rates();
    }

    /**
     * All claims hold, and all were counted.
     *
     * @param incarnation of the ledger that was charged; empty if there is no quota claim
     * @param periodEndsAt the end of the period that was charged
     */
    record Admitted(String incarnation, @Nullable Instant periodEndsAt, List<RateState> rates) implements Decided {}

    /** The window with this index is full. */
    record RateExceeded(int window, List<RateState> rates) implements Decided {}

    /**
     * Too much of this user is in flight.
     *
     * @param unit {@code uploads} or {@code bytes}
     * @param limit of that unit
     */
    record FlightFull(String unit, long limit, List<RateState> rates) implements Decided {}

    /**
     * The quota does not hold what was asked.
     *
     * @param unit {@code requests} or {@code bytes}
     * @param used used so far, pending included
     * @param limit the effective limit
     * @param resetMillis milliseconds until the period ends; null for a quota without a period
     */
    record QuotaExceeded(
            String unit, long used, long limit, @Nullable Long resetMillis, List<RateState> rates) implements Decided {}

    /** The verdict is no. */
    record BucketDenied(List<RateState> rates) implements Decided {}
}
