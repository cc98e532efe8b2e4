package dev.sluice.admission;

import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.RateState;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.time.Duration;

/** The refusals an admission can pronounce. */
final class Refusals {

    private static final Duration TRY_AGAIN = Duration.ofSeconds(2);

    private Refusals() {}

    static Problem rateLimit(RateState full) {
        return Problem.of(ProblemCode.RATE_LIMIT_REDIS)
                .with("current", full.current())
                .with("limit", full.limit())
                .with("resetIn", full.resetMillis())
                .retryAfter(Duration.ofMillis(full.resetMillis()));
    }

    /** @param unit {@code uploads} or {@code bytes} */
    static Problem inFlight(String unit, long limit) {
        return Problem.of(ProblemCode.TOO_MANY_IN_FLIGHT)
                .with("limit", limit)
                .with("unit", unit)
                .retryAfter(TRY_AGAIN);
    }

    static Problem quota(AdmitReply.QuotaExceeded spent) {
        Problem problem = Problem.of(ProblemCode.QUOTA_EXCEEDED)
                .with("unit", spent.unit())
                .with("current", spent.used())
                .with("limit", spent.limit());
        Long resetMillis = spent.resetMillis();
        return resetMillis == null ? problem : problem.with("resetIn", resetMillis);
    }

    static Problem bucket(Access access) {
        return Problem.of(ProblemCode.BUCKET_ACCESS_DENIED)
                .detail("No " + (access == Access.READ ? "read" : "write") + " access to this bucket");
    }

    static Problem unavailable(Claim claim) {
        return Problem.of(ProblemCode.ACCESS_CHECK_UNAVAILABLE)
                .detail("The " + claim.name().replace('-', ' ') + " cannot be checked at the moment; try again shortly")
                .retryAfter(TRY_AGAIN);
    }
}
