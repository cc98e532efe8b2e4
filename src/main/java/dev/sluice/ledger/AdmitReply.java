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
     * @param verdicts which of the request's buckets need a verdict, by their index
     */
    record Load(String incarnation, String fence, boolean quota, List<Integer> verdicts) implements AdmitReply {

        /** Whether any verdict is needed. */
        public boolean verdict() {
            return !verdicts.isEmpty();
        }

        /** The same without the ledger's facts, for the second and later of several buckets. */
        public Load verdictsOnly() {
            return new Load("", fence, false, verdicts);
        }
    }

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
     * @param verdicts one per bucket of the request, in their order; all true unless the request is content with any
     * @param shadows one per shadow of the request, in their order
     */
    record Admitted(
            String incarnation,
            @Nullable Instant periodEndsAt,
            List<RateState> rates,
            List<Boolean> verdicts,
            List<ShadowVerdict> shadows)
            implements Decided {}

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

    /**
     * A verdict is no.
     *
     * @param bucket the index of the first such bucket of the request
     */
    record BucketDenied(int bucket, List<RateState> rates) implements Decided {}
}
