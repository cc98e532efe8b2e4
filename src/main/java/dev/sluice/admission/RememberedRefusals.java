package dev.sluice.admission;

import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import dev.sluice.memory.RefusalMemory;
import dev.sluice.memory.RefusalMemory.Refusal;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Which of Redis' refusals still hold, so that an abuser costs no call: a rate limit until its reset, a quota for a moment
 * and only if nothing at all is left of it.
 */
final class RememberedRefusals {

    private final RefusalMemory memory;
    private final Duration quotaMemory;

    /** @param quotaMemory how long a spent quota is remembered */
    RememberedRefusals(RefusalMemory memory, Duration quotaMemory) {
        this.memory = memory;
        this.quotaMemory = quotaMemory;
    }

    @Nullable RateState rateLimit(String userId, RateCheck check) {
        Refusal refusal = memory.lookup(userId, claim(check));
        return refusal == null || refusal.resetIn() == null
                ? null
                : new RateState(
                        refusal.current(), refusal.limit(), refusal.resetIn().toMillis());
    }

    void rateLimit(String userId, RateCheck check, RateState full) {
        if (full.remaining() == 0) {
            Duration reset = Duration.ofMillis(full.resetMillis());
            memory.remember(userId, claim(check), new Refusal(full.current(), full.limit(), reset), reset);
        }
    }

    AdmitReply.@Nullable QuotaExceeded quota(String userId, Claim.Quota claim) {
        AdmitReply.QuotaExceeded requests = claim.amount() > 0 ? quota(userId, "requests") : null;
        return requests != null || claim.bytes() == 0 ? requests : quota(userId, "bytes");
    }

    void quota(String userId, AdmitReply.QuotaExceeded spent) {
        if (spent.used() >= spent.limit()) {
            Long reset = spent.resetMillis();
            Duration resetIn = reset == null ? null : Duration.ofMillis(reset);
            Duration keep = resetIn != null && resetIn.compareTo(quotaMemory) < 0 ? resetIn : quotaMemory;
            memory.remember(userId, "quota:" + spent.unit(), new Refusal(spent.used(), spent.limit(), resetIn), keep);
        }
    }

    private AdmitReply.@Nullable QuotaExceeded quota(String userId, String unit) {
        Refusal refusal = memory.lookup(userId, "quota:" + unit);
        if (refusal == null) {
            return null;
        }
        Duration resetIn = refusal.resetIn();
        return new AdmitReply.QuotaExceeded(
                unit, refusal.current(), refusal.limit(), resetIn == null ? null : resetIn.toMillis(), List.of());
    }

    private static String claim(RateCheck check) {
        return "rate:" + check.operation() + ":" + check.rate();
    }
}
