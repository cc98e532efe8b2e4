package dev.sluice.admission;

import dev.sluice.exchange.Stage;
import dev.sluice.intent.UploadIntent;
import dev.sluice.ledger.BucketCheck;
import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.ledger.ShadowVerdict;
import dev.sluice.ledger.ShadowWindows;
import dev.sluice.problem.Problem;
import dev.sluice.redis.RedisUnavailableException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * What the filters in shadow mode would decide on an exchange, without deciding: nothing is counted or recorded. Keep in step
 * with {@code admit.lua} and {@link Shadows}.
 */
final class ShadowPreview {

    private static final String QUOTA = "quota";

    private final ShadowWindows windows;
    private final FactsPreview facts;
    private final Clock clock;

    ShadowPreview(ShadowWindows windows, FactsPreview facts, Clock clock) {
        this.windows = windows;
        this.facts = facts;
        this.clock = clock;
    }

    /**
     * Fails for nothing that is away. A filter has an entry for each of its windows or buckets.
     *
     * @param decided whether there is anything that holds to be decided
     */
    Mono<List<Tried>> of(Subject subject, boolean decided, @Nullable UploadIntent largest) {
        List<ShadowCheck> checks = subject.claims().shadows();
        if (!decided && checks.isEmpty()) {
            return Mono.just(List.of());
        }
        List<Tried> tried = new ArrayList<>();
        size(subject, largest, tried);
        if (checks.isEmpty()) {
            return Mono.just(tried);
        }
        return subject.context()
                .timings()
                .measure(Stage.REDIS, windows.look(subject.userId(), checks))
                .flatMap(view -> facts.read(subject.userId(), lacksRow(checks, view), unknown(checks, view))
                        .doOnNext(known -> judge(subject, checks, view, known, tried)))
                .then(Mono.just(tried))
                .onErrorResume(
                        RedisUnavailableException.class,
                        error -> Mono.fromSupplier(() -> {
                            checks.forEach(check -> tried.add(Tried.failed(name(check), Source.REDIS, Map.of())));
                            return tried;
                        }));
    }

    private static void size(Subject subject, @Nullable UploadIntent largest, List<Tried> tried) {
        Long limit = Shadows.maxSize(subject);
        if (limit != null) {
            Problem tooLarge = Shadows.tooLarge(limit, largest);
            tried.add(Tried.judged("max-size", "configuration", ClaimFigures.size(limit, largest), tooLarge));
        }
    }

    private static String name(ShadowCheck check) {
        return check instanceof ShadowCheck.Rates
                ? "rate-limit"
                : check instanceof ShadowCheck.Quota ? QUOTA : Claim.Bucket.NAME;
    }

    private static boolean lacksRow(List<ShadowCheck> checks, LedgerView view) {
        return view.facts() == null
                && checks.stream().anyMatch(check -> check instanceof ShadowCheck.Quota quota && quota.amount() > 0);
    }

    private static List<String> unknown(List<ShadowCheck> checks, LedgerView view) {
        Iterator<@Nullable Boolean> verdicts = view.verdicts().iterator();
        List<String> unknown = new ArrayList<>();
        for (ShadowCheck check : checks) {
            if (check instanceof ShadowCheck.Buckets buckets) {
                buckets.buckets().stream()
                        .filter(bucket -> verdicts.next() == null)
                        .forEach(bucket -> unknown.add(bucket.bucket()));
            }
        }
        return unknown;
    }

    private void judge(
            Subject subject, List<ShadowCheck> checks, LedgerView view, FactsPreview.Known known, List<Tried> tried) {
        Iterator<RateState> states = view.rates().iterator();
        Iterator<@Nullable Boolean> verdicts = view.verdicts().iterator();
        for (ShadowCheck check : checks) {
            if (check instanceof ShadowCheck.Rates rates) {
                rates.checks().forEach(each -> tried.add(rate(subject, rates, each, states.next())));
            } else if (check instanceof ShadowCheck.Quota quota) {
                tried.add(quota(quota, view, known.row()));
            } else if (check instanceof ShadowCheck.Buckets buckets) {
                tried.addAll(buckets(buckets, verdicts, known.verdicts()));
            }
        }
    }

    private static Tried rate(Subject subject, ShadowCheck.Rates rates, RateCheck check, RateState state) {
        boolean fits = state.current() + check.cost() <= state.limit();
        ShadowVerdict.Exceeded exceeded =
                new ShadowVerdict.Exceeded(state.current(), state.limit(), state.resetMillis());
        return Tried.judged(
                "rate-limit",
                Source.REDIS.tag(),
                ClaimFigures.rate(check, state),
                fits ? null : Shadows.rateLimit(subject, rates, exceeded));
    }

    private Tried quota(ShadowCheck.Quota quota, LedgerView view, @Nullable QuotaRow read) {
        QuotaRow row = view.facts() != null ? view.facts() : read;
        QuotaUnit unit = unit(quota, row, view);
        Map<String, @Nullable Object> figures = unit.figures(clock.instant());
        if (row == null && quota.amount() > 0) {
            return Tried.failed(QUOTA, Source.DATABASE, figures);
        }
        Problem exceeded = quota.amount() == 0 ? null : unit.exceeded(clock.instant());
        Source from = row != null && row == read ? Source.DATABASE : Source.REDIS;
        return Tried.judged(QUOTA, from.tag(), figures, exceeded);
    }

    private static QuotaUnit unit(ShadowCheck.Quota quota, @Nullable QuotaRow row, LedgerView view) {
        Long own = row == null ? null : quota.bytes() ? row.bytesLimit() : row.limit();
        Long standard = quota.bytes() ? null : quota.defaultLimit() != null ? quota.defaultLimit() : Long.valueOf(0);
        Long limit = quota.limit() != null ? quota.limit() : own != null ? own : row == null ? null : standard;
        String from = quota.limit() != null
                ? "candidate"
                : own != null ? "database" : quota.bytes() || quota.defaultLimit() == null ? "none" : "default";
        return new QuotaUnit(
                quota.bytes() ? QuotaUnit.BYTES : QuotaUnit.REQUESTS, quota.amount(), limit, from, row, view);
    }

    private static List<Tried> buckets(
            ShadowCheck.Buckets check, Iterator<@Nullable Boolean> verdicts, Map<String, Facts> read) {
        Map<BucketCheck, @Nullable Boolean> granted = new LinkedHashMap<>();
        List<BucketCheck> fromRedis = new ArrayList<>();
        for (BucketCheck bucket : check.buckets()) {
            Boolean verdict = verdicts.next();
            Facts facts = read.get(bucket.bucket());
            if (verdict != null) {
                fromRedis.add(bucket);
            } else if (facts != null) {
                verdict = facts.grants(Access.of(bucket.access()));
            }
            granted.put(bucket, verdict);
        }
        boolean enough = check.any() && granted.containsValue(true);
        List<Tried> tried = new ArrayList<>();
        granted.forEach((bucket, verdict) -> {
            Access access = Access.of(bucket.access());
            Map<String, @Nullable Object> figures = ClaimFigures.bucket(bucket.bucket(), access, verdict);
            String from = fromRedis.contains(bucket) ? Source.REDIS.tag() : Source.DATABASE.tag();
            tried.add(
                    verdict == null
                            ? Tried.failed(Claim.Bucket.NAME, Source.DATABASE, figures)
                            : Tried.judged(
                                    Claim.Bucket.NAME,
                                    from,
                                    figures,
                                    verdict || enough ? null : Refusals.bucket(access)));
        });
        return tried;
    }
}
