package dev.sluice.ledger;

import com.fasterxml.jackson.annotation.JsonAlias;
import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A user's row of {@code user_quotas}, as any function of the database answers it.
 *
 * @param userId whose row it is; null where the answer is about one known user
 * @param current requests used in the current period
 * @param limit requests allowed; null for the configured default
 * @param bytesCurrent bytes used in the current period
 * @param bytesLimit bytes allowed; null for no limit
 * @param periodEndsAt when the current period ends; null for a quota without a period
 * @param version raised at every change of the row; 0 stands for "there is no row"
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record QuotaRow(
        @JsonAlias("user_id") @Nullable String userId,
        long current,
        @Nullable Long limit,
        @JsonAlias("bytes_current") long bytesCurrent,
        @JsonAlias("bytes_limit") @Nullable Long bytesLimit,
        @JsonAlias("period_ends_at") @Nullable Instant periodEndsAt,
        long version) {

    /** What a user without a row has used: nothing, under the default limit. */
    public static final QuotaRow NONE = new QuotaRow(null, 0, null, 0, null, null, 0);

    /** The six facts in the order the scripts take them. */
    String[] facts() {
        return new String[] {
            Long.toString(version),
            Long.toString(current),
            Long.toString(bytesCurrent),
            limit == null ? "" : limit.toString(),
            bytesLimit == null ? "" : bytesLimit.toString(),
            periodEndsAt == null ? "" : Long.toString(periodEndsAt.toEpochMilli())
        };
    }
}
