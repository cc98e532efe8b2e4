package dev.sluice.ledger;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What became of a {@link ShadowCheck}. */
public sealed interface ShadowVerdict {

    /** It holds. */
    record Passes() implements ShadowVerdict {}

    /**
     * A window or the quota does not hold.
     *
     * @param current what is counted or used
     * @param resetMillis milliseconds until time may lift it; null if time does not
     */
    record Exceeded(long current, long limit, @Nullable Long resetMillis) implements ShadowVerdict {}

    /** @param bucket the index of the first that is denied */
    record Denied(int bucket) implements ShadowVerdict {}

    /**
     * Redis does not know what it takes to decide.
     *
     * @param incarnation of the ledger that waits for facts; empty where buckets are asked for
     * @param fence the partition's fence as of now
     * @param buckets the indexes of those whose verdict is missing
     */
    record Unknown(String incarnation, String fence, List<Integer> buckets) implements ShadowVerdict {}

    /** It could not be carried out. */
    record Failed() implements ShadowVerdict {}
}
