package dev.sluice.ledger;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Everything that one request claims, decided together.
 *
 * @param userId whose windows, ledger and verdicts they are
 * @param rates windows, in the order in which a refusal is told
 * @param charge what the quota is charged; null for no quota claim
 * @param buckets the bucket verdicts; empty for no bucket claim
 * @param anyBucket whether it is enough that one of several buckets is granted
 * @param flight the upload that wants to be in flight; null for none
 * @param facts how to treat facts that are missing or due
 * @param shadows what is judged beside, if all of this is admitted
 */
public record AdmitRequest(
        String userId,
        List<RateCheck> rates,
        @Nullable Charge charge,
        List<BucketCheck> buckets,
        boolean anyBucket,
        @Nullable Flight flight,
        FactsMode facts,
        List<ShadowCheck> shadows) {

    public AdmitRequest(
            String userId,
            List<RateCheck> rates,
            @Nullable Charge charge,
            List<BucketCheck> buckets,
            boolean anyBucket,
            FactsMode facts) {
        this(userId, rates, charge, buckets, anyBucket, null, facts, List.of());
    }

    /** A request that claims nothing, so that only the shadows are judged. */
    public static AdmitRequest ofShadows(String userId, List<ShadowCheck> shadows, FactsMode facts) {
        return new AdmitRequest(userId, List.of(), null, List.of(), false, null, facts, shadows);
    }

    /** How an admission treats facts that are missing or due. */
    public enum FactsMode {
        /** Answer {@link AdmitReply.Load}. */
        ASK(null),
        /** They were just read: a period that still looks ended is a difference between two clocks. */
        HELD("held"),
        /** They cannot be read and policy allows: a known ledger is used as it is, an unknown one has no limit. */
        TRUST("trust"),
        /** They cannot be read and policy denies: a known ledger is used as it is, an unknown one answers Load again. */
        KNOWN("known");

        private final @Nullable String option;

        FactsMode(@Nullable String option) {
            this.option = option;
        }

        void addTo(List<String> options) {
            if (option != null) {
                options.add(option);
            }
        }
    }

    public AdmitRequest with(FactsMode newFacts) {
        return new AdmitRequest(userId, rates, charge, buckets, anyBucket, flight, newFacts, shadows);
    }

    public AdmitRequest with(List<BucketCheck> newBuckets) {
        return new AdmitRequest(userId, rates, charge, newBuckets, anyBucket, flight, facts, shadows);
    }
}
