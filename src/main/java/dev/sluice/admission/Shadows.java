package dev.sluice.admission;

import dev.sluice.intent.UploadIntent;
import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.AdmitRequest;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.ledger.BucketCheck;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.ledger.ShadowVerdict;
import dev.sluice.problem.Problem;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.shadow.WouldRefuse;
import dev.sluice.supabase.DatabaseUnavailableException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Judges what filters in shadow mode would claim, and tells what would have been refused. Beside claims that hold, the script
 * that admits the request judges them too; where there are none, Redis is asked for them alone, and no request waits for
 * that. What Redis does not know is read from the database in the background. Nothing here fails or delays a request:
 * whatever cannot be judged is counted and passed over, as is everything while the database decides in Redis' place, and
 * whatever is broken here.
 */
final class Shadows {

    /** Requests that claim nothing and whose shadows are before Redis at once. */
    private static final int MOST_ASKED = 256;

    /**
     * Requests for whose shadows the database is read at once, by one read after the other; its places are the requests'
     * that wait for it.
     */
    private static final int MOST_LOADED = 32;

    private final Ledger ledger;
    private final FactsReader facts;
    private final WouldRefuse wouldRefuse;
    private final Semaphore asked = new Semaphore(MOST_ASKED);
    private final Semaphore loaded = new Semaphore(MOST_LOADED);

    Shadows(Ledger ledger, FactsReader facts, WouldRefuse wouldRefuse) {
        this.ledger = ledger;
        this.facts = facts;
        this.wouldRefuse = wouldRefuse;
    }

    /** Of a request that claims nothing. */
    void judgeAlone(Subject subject) {
        guarded(subject, () -> {
            List<ShadowCheck> checks = subject.claims().shadows();
            inBackground(
                    asked,
                    subject,
                    checks,
                    ask(subject, checks, FactsMode.ASK).doOnNext(verdicts -> judged(subject, checks, verdicts)));
        });
    }

    /** Of a request that was admitted, as Redis judged them with it. */
    void judged(Subject subject, List<ShadowCheck> checks, List<ShadowVerdict> verdicts) {
        if (!verdicts.isEmpty()) {
            guarded(subject, () -> tellOrLoad(subject, checks, verdicts));
        }
    }

    private void tellOrLoad(Subject subject, List<ShadowCheck> checks, List<ShadowVerdict> verdicts) {
        List<ShadowCheck> unknown = new ArrayList<>(0);
        List<Mono<Void>> loads = new ArrayList<>(0);
        for (int i = 0; i < verdicts.size(); i++) {
            if (verdicts.get(i) instanceof ShadowVerdict.Unknown missing) {
                unknown.add(checks.get(i));
                loads.add(load(subject, checks.get(i), missing));
            } else {
                tell(subject, checks.get(i), verdicts.get(i));
            }
        }
        if (!unknown.isEmpty()) {
            inBackground(
                    loaded,
                    subject,
                    unknown,
                    Flux.concat(loads)
                            .then(Mono.defer(() -> ask(subject, unknown, FactsMode.HELD)))
                            .doOnNext(known -> {
                                for (int i = 0; i < known.size(); i++) {
                                    tell(subject, unknown.get(i), known.get(i));
                                }
                            }));
        }
    }

    /** Of a request that Redis did not decide. */
    void failed(Subject subject) {
        guarded(subject, () -> subject.claims().shadows().forEach(check -> failed(subject, Source.REDIS)));
    }

    /** Of a request that declares more than its operation would let it store, if the filters that name it held. */
    void size(Subject subject, @Nullable UploadIntent intent) {
        try {
            Long limit = maxSize(subject);
            Problem tooLarge = limit == null ? null : tooLarge(limit, intent);
            if (tooLarge != null) {
                refused(subject, "max-size", Source.MEMORY, tooLarge);
            }
        } catch (RuntimeException e) {
            wouldRefuse.broken(subject.operation(), e);
        }
    }

    /** What the request might store if the filters that name its operation held; null for no limit. */
    static @Nullable Long maxSize(Subject subject) {
        return subject.context()
                .shadowMaxSize(
                        subject.caller() == null ? null : subject.caller().plan());
    }

    static @Nullable Problem tooLarge(long limit, @Nullable UploadIntent intent) {
        Long declared = intent == null ? null : intent.contentLength();
        return declared != null && declared > limit ? Problem.tooLarge(limit) : null;
    }

    private Mono<List<ShadowVerdict>> ask(Subject subject, List<ShadowCheck> checks, FactsMode mode) {
        return ledger.admit(AdmitRequest.ofShadows(subject.userId(), checks, mode))
                .map(reply -> ((AdmitReply.Admitted) reply).shadows());
    }

    private Mono<Void> load(Subject subject, ShadowCheck check, ShadowVerdict.Unknown missing) {
        if (check instanceof ShadowCheck.Buckets claim) {
            AdmitReply.Load verdicts = new AdmitReply.Load("", missing.fence(), false, missing.buckets());
            return Flux.fromIterable(missing.buckets())
                    .concatMap(index -> facts.loadInBackground(
                                    subject.userId(),
                                    verdicts,
                                    claim.buckets().get(index).bucket())
                            .flatMap(FactsReader.Loaded::stored))
                    .then();
        }
        AdmitReply.Load ledgerFacts = new AdmitReply.Load(missing.incarnation(), missing.fence(), true, List.of());
        return facts.loadInBackground(subject.userId(), ledgerFacts, null)
                .flatMap(FactsReader.Loaded::stored)
                .then();
    }

    private void inBackground(Semaphore places, Subject subject, List<ShadowCheck> checks, Mono<?> work) {
        if (!places.tryAcquire()) {
            checks.forEach(check -> failed(subject, Source.MEMORY));
            return;
        }
        var unused = work.doOnError(error -> checks.forEach(check -> failed(subject, error)))
                .onErrorComplete()
                .doFinally(end -> places.release())
                .toFuture();
    }

    /** One that is broken is so alone. */
    private void tell(Subject subject, ShadowCheck check, ShadowVerdict verdict) {
        guarded(subject, () -> count(subject, check, verdict));
    }

    private void count(Subject subject, ShadowCheck check, ShadowVerdict verdict) {
        if (verdict instanceof ShadowVerdict.Failed || verdict instanceof ShadowVerdict.Unknown) {
            failed(subject, Source.REDIS);
        } else if (verdict instanceof ShadowVerdict.Denied denied && check instanceof ShadowCheck.Buckets claim) {
            BucketCheck bucket = claim.buckets().get(denied.bucket());
            refused(subject, Claim.Bucket.NAME, Source.REDIS, Refusals.bucket(Access.of(bucket.access())));
        } else if (verdict instanceof ShadowVerdict.Exceeded exceeded) {
            if (check instanceof ShadowCheck.Rates rates) {
                refused(subject, "rate-limit", Source.REDIS, rateLimit(subject, rates, exceeded));
            } else if (check instanceof ShadowCheck.Quota quota) {
                refused(subject, "quota", Source.REDIS, quota(quota, exceeded));
            }
        }
    }

    /** A batch that is larger than a window would not be told to wait. */
    static Problem rateLimit(Subject subject, ShadowCheck.Rates rates, ShadowVerdict.Exceeded exceeded) {
        for (RateCheck check : rates.checks()) {
            Problem tooMany = subject.context()
                    .tooManyFor(check.rate().limit(), check.rate().windowSeconds());
            if (tooMany != null) {
                return tooMany;
            }
        }
        Long reset = exceeded.resetMillis();
        return Refusals.rateLimit(new RateState(exceeded.current(), exceeded.limit(), reset == null ? 0 : reset));
    }

    private static Problem quota(ShadowCheck.Quota quota, ShadowVerdict.Exceeded exceeded) {
        return Refusals.quota(new AdmitReply.QuotaExceeded(
                quota.bytes() ? "bytes" : "requests",
                exceeded.current(),
                exceeded.limit(),
                exceeded.resetMillis(),
                List.of()));
    }

    private void refused(Subject subject, String claim, Source source, Problem problem) {
        wouldRefuse.refused(subject.context().requestId(), subject.operation(), claim, source.tag(), problem);
    }

    private void guarded(Subject subject, Runnable judging) {
        wouldRefuse.guarded(subject.operation(), judging);
    }

    private void failed(Subject subject, Throwable error) {
        if (error instanceof DatabaseUnavailableException) {
            failed(subject, Source.DATABASE);
        } else if (error instanceof RedisUnavailableException) {
            failed(subject, Source.REDIS);
        } else {
            wouldRefuse.broken(subject.operation(), error);
        }
    }

    private void failed(Subject subject, Source source) {
        wouldRefuse.failed(subject.operation(), source.tag());
    }
}
