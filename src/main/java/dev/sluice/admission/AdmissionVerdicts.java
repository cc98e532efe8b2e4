package dev.sluice.admission;

import dev.sluice.exchange.RateLimits;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** What a decision means: the charge or the refusal, the headers, what is remembered of it, and the count. */
final class AdmissionVerdicts {

    private final RememberedRefusals remembered;
    private final Degradation degradation;
    private final MeterRegistry registry;

    /** As many as the registry has. */
    private final Map<Verdict, Counter> counts = new ConcurrentHashMap<>();

    private record Verdict(String operation, String verdict, Source source) {}

    AdmissionVerdicts(RememberedRefusals remembered, Degradation degradation, MeterRegistry registry) {
        this.remembered = remembered;
        this.degradation = degradation;
        this.registry = registry;
    }

    /** The refusal that still holds without asking again; null if there is none. A repetition may have paid already. */
    @Nullable ProblemException remembered(Subject subject) {
        List<RateCheck> checks = subject.claims().checks();
        for (RateCheck check : checks) {
            RateState full = remembered.rateLimit(subject.userId(), check);
            if (full != null) {
                tell(subject, checks, check, full);
                return refused(subject, "rate-limit", Source.MEMORY, Refusals.rateLimit(full));
            }
        }
        Claim.Quota quota = subject.claims().quota();
        AdmitReply.QuotaExceeded spent =
                quota == null || subject.claims().isRepetition() ? null : remembered.quota(subject.userId(), quota);
        return spent == null ? null : refused(subject, "quota", Source.MEMORY, Refusals.quota(spent));
    }

    /**
     * Carries out what Redis decided.
     *
     * @return the charge as it was made; null if nothing was charged
     * @throws ProblemException if a claim does not hold
     */
    @Nullable UsageEvent settle(Subject subject, @Nullable UsageEvent charge, AdmitReply.Decided reply) {
        tell(subject, subject.claims().checks(), reply.rates());
        if (reply instanceof AdmitReply.Admitted admitted) {
            subject.claims().flightCounted();
            for (int i = 0; i < admitted.verdicts().size(); i++) {
                if (!admitted.verdicts().get(i)) {
                    subject.claims().denied(subject.claims().buckets().get(i));
                }
            }
            return admitted(subject, Source.REDIS, charge == null ? null : charge.withPeriod(admitted.periodEndsAt()));
        }
        subject.claims().flightRefused();
        if (reply instanceof AdmitReply.RateExceeded exceeded) {
            RateState full = reply.rates().get(exceeded.window());
            remembered.rateLimit(subject.userId(), subject.claims().checks().get(exceeded.window()), full);
            throw refused(subject, "rate-limit", Source.REDIS, Refusals.rateLimit(full));
        }
        if (reply instanceof AdmitReply.FlightFull full) {
            throw refused(subject, "in-flight", Source.REDIS, Refusals.inFlight(full.unit(), full.limit()));
        }
        if (reply instanceof AdmitReply.QuotaExceeded spent) {
            remembered.quota(subject.userId(), spent);
            throw refused(subject, "quota", Source.REDIS, Refusals.quota(spent));
        }
        int denied = ((AdmitReply.BucketDenied) reply).bucket();
        throw refused(
                subject,
                Claim.Bucket.NAME,
                Source.REDIS,
                Refusals.bucket(subject.claims().buckets().get(denied).access()));
    }

    /** The claims hold, as {@code source} decided. */
    @Nullable UsageEvent admitted(Subject subject, Source source, @Nullable UsageEvent charge) {
        subject.claims().charging(charge);
        count(subject, "admitted", source);
        return charge;
    }

    /** A claim does not hold, so nothing was charged. */
    ProblemException refused(Subject subject, String claim, Source source, Problem problem) {
        subject.claims().charging(null);
        count(subject, claim, source);
        return problem.exception();
    }

    /** The database denies the bucket; what an unanswered Redis may have charged will be given back. */
    ProblemException bucketDeniedInDoubt(Subject subject, Claim.Bucket denied) {
        count(subject, Claim.Bucket.NAME, Source.DATABASE);
        return Refusals.bucket(denied.access()).exception();
    }

    /** Nothing can decide the claim and policy denies; a charge whose answer was lost will be given back. */
    ProblemException unavailable(Subject subject, Claim claim) {
        degradation.decidedByPolicy(claim, OnFailure.DENY);
        count(subject, "unavailable", Source.POLICY);
        return Refusals.unavailable(claim).exception();
    }

    /**
     * Lets a claim's policy decide.
     *
     * @return true if the policy allows
     * @throws ProblemException if it denies
     */
    boolean byPolicy(Subject subject, Claim claim) {
        if (claim.onFailure() == OnFailure.DENY) {
            throw unavailable(subject, claim);
        }
        degradation.decidedByPolicy(claim, OnFailure.ALLOW);
        return true;
    }

    /** Policies are told widest last, so that the first of the route's file comes first in the header. */
    private static void tell(Subject subject, List<RateCheck> checks, List<RateState> states) {
        for (int i = checks.size() - 1; i >= 0; i--) {
            tell(subject, checks, checks.get(i), states.get(i));
        }
    }

    private static void tell(Subject subject, List<RateCheck> all, RateCheck check, RateState state) {
        subject.context()
                .rateLimits()
                .add(new RateLimits.Policy(
                        policyName(check, all),
                        state.limit(),
                        check.rate().windowSeconds(),
                        state.remaining(),
                        (state.resetMillis() + 999) / 1000));
    }

    private static String policyName(RateCheck check, List<RateCheck> all) {
        int windows = 0;
        for (RateCheck other : all) {
            windows += other.operation().equals(check.operation()) ? 1 : 0;
        }
        return windows == 1
                ? check.operation()
                : check.operation() + "-" + check.rate().windowSeconds() + "s";
    }

    private void count(Subject subject, String verdict, Source source) {
        counts.computeIfAbsent(new Verdict(subject.operation(), verdict, source), this::counter)
                .increment();
    }

    private Counter counter(Verdict of) {
        return Counter.builder("sluice.admission")
                .description("Decided admissions")
                .tag("operation", of.operation())
                .tag("verdict", of.verdict())
                .tag("source", of.source().tag())
                .register(registry);
    }
}
