package dev.sluice.admission;

import dev.sluice.admission.AdmissionPreview.Known;
import dev.sluice.intent.UploadIntent;
import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.Flight;
import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import dev.sluice.problem.Problem;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Judges the claims of one request by what is known. Keep in step with {@code admit.lua} and {@link AdmissionChain}. */
final class ClaimJudge {

    private static final String MEMORY = "memory";
    private static final String REDIS = "redis";
    private static final String DATABASE = "database";
    private static final String POLICY = "policy";

    /** The order in which refusals are told. */
    private static final int INSTANCE = 0;

    private static final int SIZE = 1;
    private static final int REMEMBERED_RATE = 2;
    private static final int REMEMBERED_QUOTA = 3;
    private static final int BACKLOG = 4;
    private static final int RATE = 5;
    private static final int FLIGHT = 6;
    private static final int QUOTA = 7;
    private static final int UNAVAILABLE = 8;
    private static final int QUOTA_OF_OLD_FACTS = 9;
    private static final int BUCKET = 10;

    /** Without Redis the buckets are asked for before the quota. */
    private static final int BUCKET_WITHOUT_REDIS = 7;

    private final Subject subject;
    private final RememberedRefusals remembered;
    private final LastVerdicts lastVerdicts;
    private final @Nullable Long defaultLimit;
    private final boolean backlogIsFull;
    private final Instant now;
    private final List<Judged> judged = new ArrayList<>();

    /** @param backlogIsFull whether nothing more may be charged to the stream for now */
    ClaimJudge(
            Subject subject,
            RememberedRefusals remembered,
            LastVerdicts lastVerdicts,
            @Nullable Long defaultLimit,
            boolean backlogIsFull,
            Instant now) {
        this.subject = subject;
        this.remembered = remembered;
        this.lastVerdicts = lastVerdicts;
        this.defaultLimit = defaultLimit;
        this.backlogIsFull = backlogIsFull;
        this.now = now;
    }

    void instance(long size, @Nullable Problem full) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("bytes", size);
        judged.add(new Judged("in-flight-instance", MEMORY, figures, full, INSTANCE));
    }

    void size(@Nullable Long limit, @Nullable UploadIntent largest, @Nullable Problem tooLarge) {
        if (limit != null) {
            judged.add(new Judged("max-size", "configuration", ClaimFigures.size(limit, largest), tooLarge, SIZE));
        }
    }

    List<Judged> all(Known known, @Nullable Flight flight) {
        Admission claims = subject.claims();
        int window = 0;
        for (Claim.RateLimit claim : claims.rateLimits()) {
            for (RateCheck check : claim.checks()) {
                judged.add(rate(
                        claim,
                        check,
                        known.view() == null ? null : known.view().rates().get(window++)));
            }
        }
        if (flight != null) {
            flight(flight, known.view());
        }
        if (claims.quota() != null) {
            quota(claims.quota(), known);
        }
        buckets(known);
        return judged;
    }

    private Judged rate(Claim.RateLimit claim, RateCheck check, @Nullable RateState state) {
        RateState full = remembered.rateLimit(subject.userId(), check);
        RateState seen = full != null ? full : state;
        Map<String, @Nullable Object> figures = ClaimFigures.rate(check, seen);
        if (full != null) {
            return new Judged(claim.name(), MEMORY, figures, Refusals.rateLimit(full), REMEMBERED_RATE);
        }
        if (state == null) {
            return new Judged(claim.name(), POLICY, policy(claim, figures), denied(claim), RATE);
        }
        boolean fits = state.current() + check.cost() <= state.limit();
        return new Judged(claim.name(), REDIS, figures, fits ? null : Refusals.rateLimit(state), RATE);
    }

    private void flight(Flight flight, @Nullable LedgerView view) {
        flight("uploads", 1, flight.maxUploads(), view == null ? null : view.uploads());
        flight("bytes", flight.bytes(), flight.maxBytes(), view == null ? null : view.bytesInFlight());
    }

    private void flight(String unit, long cost, @Nullable Long limit, @Nullable Long used) {
        if (limit == null) {
            return;
        }
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("unit", unit);
        figures.put("limit", limit);
        figures.put("used", used);
        figures.put("cost", cost);
        Problem full = used != null && used + cost > limit ? Refusals.inFlight(unit, limit) : null;
        judged.add(new Judged("in-flight", used == null ? POLICY : REDIS, figures, full, FLIGHT));
    }

    private void quota(Claim.Quota claim, Known known) {
        LedgerView view = known.view();
        QuotaRow trusted = view == null ? null : view.facts();
        QuotaRow held = view == null ? null : view.held();
        QuotaRow row = trusted != null ? trusted : known.row() != null ? known.row() : held;
        String from = row == null ? POLICY : row == known.row() ? DATABASE : REDIS;
        int rank = view == null || (trusted == null && known.row() == null) ? QUOTA_OF_OLD_FACTS : QUOTA;
        if (claim.amount() > 0) {
            Long own = row == null ? null : row.limit();
            Long limit = own != null ? own : defaultLimit == null ? Long.valueOf(0) : defaultLimit;
            String limitFrom =
                    row == null ? POLICY : own != null ? DATABASE : defaultLimit == null ? "none" : "default";
            judged.add(unit(
                    claim,
                    new QuotaUnit(QuotaUnit.REQUESTS, claim.amount(), row == null ? null : limit, limitFrom, row, view),
                    from,
                    rank));
        }
        if (claim.bytes() > 0) {
            Long limit = row == null ? null : row.bytesLimit();
            String limitFrom = row == null ? POLICY : limit == null ? "none" : DATABASE;
            judged.add(unit(
                    claim, new QuotaUnit(QuotaUnit.BYTES, claim.bytes(), limit, limitFrom, row, view), from, rank));
        }
    }

    private Judged unit(Claim.Quota claim, QuotaUnit unit, String from, int rank) {
        Map<String, @Nullable Object> figures = unit.figures(now);
        AdmitReply.QuotaExceeded spent = remembered.quota(subject.userId(), only(claim, unit));
        if (spent != null) {
            return new Judged(claim.name(), MEMORY, figures, Refusals.quota(spent), REMEMBERED_QUOTA);
        }
        if (backlogIsFull) {
            return new Judged(claim.name(), POLICY, policy(claim, figures), denied(claim), BACKLOG);
        }
        if (unit.used() == null) {
            return new Judged(claim.name(), POLICY, policy(claim, figures), denied(claim), UNAVAILABLE);
        }
        return new Judged(claim.name(), from, figures, unit.exceeded(now), rank);
    }

    private static Claim.Quota only(Claim.Quota claim, QuotaUnit unit) {
        return unit.name().equals(QuotaUnit.BYTES)
                ? new Claim.Quota(0, claim.bytes(), claim.onFailure())
                : new Claim.Quota(claim.amount(), 0, claim.onFailure());
    }

    private void buckets(Known known) {
        List<Claim.Bucket> claims = subject.claims().buckets();
        List<Judged> verdicts = new ArrayList<>(claims.size());
        for (int i = 0; i < claims.size(); i++) {
            verdicts.add(bucket(claims.get(i), i, known));
        }
        boolean someGranted = verdicts.stream().anyMatch(verdict -> verdict.refusal() == null);
        boolean enough = someGranted && subject.claims().isContentWithAnyBucket();
        for (Judged verdict : verdicts) {
            judged.add(enough ? noRefusal(verdict) : verdict);
        }
    }

    /** Of a batch that is content with a part; the figures say that this part is not done. */
    private static Judged noRefusal(Judged verdict) {
        return new Judged(verdict.claim(), verdict.from(), verdict.figures(), null, verdict.rank());
    }

    private Judged bucket(Claim.Bucket claim, int index, Known known) {
        LedgerView view = known.view();
        boolean withoutRedis = view == null;
        int rank = withoutRedis ? BUCKET_WITHOUT_REDIS : BUCKET;
        Boolean verdict = view == null ? null : view.verdicts().get(index);
        String from = REDIS;
        Facts read = known.verdicts().get(claim.bucket());
        if (verdict == null && read != null) {
            verdict = read.grants(claim.access());
            from = DATABASE;
        }
        if (verdict == null) {
            verdict = lastVerdicts.last(subject.userId(), claim.bucket(), claim.access());
            from = MEMORY;
        }
        Map<String, @Nullable Object> figures = ClaimFigures.bucket(claim.bucket(), claim.access(), verdict);
        return verdict == null
                ? new Judged(
                        claim.name(), POLICY, policy(claim, figures), denied(claim), withoutRedis ? rank : UNAVAILABLE)
                : new Judged(claim.name(), from, figures, verdict ? null : Refusals.bucket(claim.access()), rank);
    }

    private static Map<String, @Nullable Object> policy(Claim claim, Map<String, @Nullable Object> figures) {
        figures.put("onFailure", claim.onFailure().name().toLowerCase(Locale.ROOT));
        return figures;
    }

    private static @Nullable Problem denied(Claim claim) {
        return claim.onFailure() == OnFailure.DENY ? Refusals.unavailable(claim) : null;
    }
}
