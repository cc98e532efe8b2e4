package dev.sluice.admission;

import dev.sluice.ledger.RateCheck;
import java.util.List;

/** One thing that a request must be allowed; declared by a filter, settled by the admission. */
sealed interface Claim {

    /** What the claim is called in metrics and logs. */
    String name();

    /** What holds if neither Redis nor the database can decide it. */
    OnFailure onFailure();

    /**
     * Not more requests than the operation's rates allow.
     *
     * @param operation whose rates they are
     * @param checks one per window
     */
    record RateLimit(String operation, List<RateCheck> checks, OnFailure onFailure) implements Claim {
        @Override
        public String name() {
            return "rate-limit";
        }
    }

    /**
     * So much of the user's quota.
     *
     * @param amount requests, at least 0
     * @param bytes bytes, at least 0
     */
    record Quota(long amount, long bytes, OnFailure onFailure) implements Claim {
        @Override
        public String name() {
            return "quota";
        }

        Quota plus(Quota other) {
            return new Quota(
                    Math.addExact(amount, other.amount),
                    Math.addExact(bytes, other.bytes),
                    other.onFailure == OnFailure.DENY ? OnFailure.DENY : onFailure);
        }
    }

    /**
     * Access to a bucket.
     *
     * @param bucket the bucket's id
     * @param access what for
     */
    record Bucket(String bucket, Access access, OnFailure onFailure) implements Claim {

        static final String NAME = "bucket-access";

        @Override
        public String name() {
            return NAME;
        }
    }
}
