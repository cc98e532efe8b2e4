package dev.sluice.ledger;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a filter in shadow mode would check. Each is judged by itself, in the script that admits the request and only if it is
 * admitted; none charges anybody.
 */
public sealed interface ShadowCheck {

    /** Windows that are counted apart from all others, together or not at all. */
    record Rates(List<RateCheck> checks) implements ShadowCheck {
        public Rates {
            checks = List.copyOf(checks);
        }
    }

    /**
     * Whether the ledger, as it is, would hold so much more.
     *
     * @param bytes whether bytes are meant; else requests
     * @param amount of that unit, 0 to 2^53-1
     * @param limit a candidate for the user's limit; null for the limit that is in force
     * @param defaultLimit requests allowed to a user whose row sets no limit; null refuses them
     */
    record Quota(
            boolean bytes,
            long amount,
            @Nullable Long limit,
            @Nullable Long defaultLimit) implements ShadowCheck {}

    /**
     * Whether the buckets are granted.
     *
     * @param any whether one of them is enough
     */
    record Buckets(List<BucketCheck> buckets, boolean any) implements ShadowCheck {
        public Buckets {
            buckets = List.copyOf(buckets);
        }
    }
}
