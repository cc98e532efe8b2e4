package dev.sluice.admission;

import dev.sluice.exchange.SortableIds;
import dev.sluice.exchange.Stage;
import dev.sluice.journal.JournalFullException;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.problem.ProblemException;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseRejectedException;
import dev.sluice.supabase.DatabaseUnavailableException;
import dev.sluice.supabase.PostgRest;
import java.time.Clock;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ParameterizedTypeReference;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Decides while Redis is away: rates by the memory guard alone, the bucket by the last verdict or the database, the quota
 * by {@code reserve_quota} under the event id that Redis may have charged already, and what the database cannot say by
 * policy.
 */
final class DatabaseAdmission {

    private static final ParameterizedTypeReference<Reservation> RESERVATION = new ParameterizedTypeReference<>() {};

    /** Questions of one request that are before the database at once. */
    private static final int MAX_READS = 8;

    private final PostgRest database;
    private final Ledger ledger;
    private final Fences fences;
    private final RedisBudget redisBudget;
    private final FactsReader facts;
    private final LastVerdicts lastVerdicts;
    private final AdmissionVerdicts verdicts;
    private final Degradation degradation;
    private final DefaultLimit defaultLimit;
    private final UsageSink usage;
    private final Clock clock;

    DatabaseAdmission(
            PostgRest database,
            Ledger ledger,
            Fences fences,
            RedisBudget redisBudget,
            FactsReader facts,
            LastVerdicts lastVerdicts,
            AdmissionVerdicts verdicts,
            Degradation degradation,
            DefaultLimit defaultLimit,
            UsageSink usage,
            Clock clock) {
        this.database = database;
        this.ledger = ledger;
        this.fences = fences;
        this.redisBudget = redisBudget;
        this.facts = facts;
        this.lastVerdicts = lastVerdicts;
        this.verdicts = verdicts;
        this.degradation = degradation;
        this.defaultLimit = defaultLimit;
        this.usage = usage;
        this.clock = clock;
    }

    /** Completes with the charge; empty if the request claims no quota. Fails with a {@code ProblemException}. */
    Mono<UsageEvent> decide(Subject subject, @Nullable UsageEvent charge) {
        return Mono.defer(() -> {
            subject.claims().rateLimits().forEach(claim -> verdicts.byPolicy(subject, claim));
            return buckets(subject).then(Mono.defer(() -> quota(subject, charge)));
        });
    }

    private Mono<Void> buckets(Subject subject) {
        Admission claims = subject.claims();
        return Flux.fromIterable(claims.buckets())
                .flatMapSequential(claim -> bucket(subject, claim), MAX_READS)
                .collectList()
                .flatMap(denied -> {
                    denied.forEach(claims::denied);
                    boolean someGranted = denied.size() < claims.buckets().size();
                    return denied.isEmpty() || (someGranted && claims.isContentWithAnyBucket())
                            ? Mono.empty()
                            : Mono.error(verdicts.bucketDeniedInDoubt(subject, denied.get(0)));
                });
    }

    /** Completes with the claim if it does not hold. */
    private Mono<Claim.Bucket> bucket(Subject subject, Claim.Bucket claim) {
        Boolean last = lastVerdicts.last(subject.userId(), claim.bucket(), claim.access());
        Mono<Boolean> verdict = last != null ? Mono.just(last) : askBucket(subject, claim);
        return verdict.flatMap(granted -> granted ? Mono.empty() : Mono.just(claim));
    }

    private Mono<Boolean> askBucket(Subject subject, Claim.Bucket claim) {
        long generation = lastVerdicts.generation();
        return asked(subject, facts.readOnly(subject.userId(), claim.bucket(), generation))
                .map(answer -> answer.grants(claim.access()))
                .doOnNext(granted ->
                        lastVerdicts.saw(subject.userId(), claim.bucket(), claim.access(), granted, generation))
                .onErrorResume(
                        DatabaseUnavailableException.class,
                        error -> Mono.fromSupplier(() -> verdicts.byPolicy(subject, claim)));
    }

    private Mono<UsageEvent> quota(Subject subject, @Nullable UsageEvent charge) {
        Claim.Quota claim = subject.claims().quota();
        if (claim == null || charge == null) {
            return Mono.justOrEmpty(verdicts.admitted(subject, Source.DATABASE, null));
        }
        if (!subject.claims().charging(charge)) {
            return AdmissionChain.ended();
        }
        return asked(subject, reserve(charge))
                .doOnError(error -> fence(subject))
                .doOnCancel(() -> fence(subject))
                .flatMap(reservation -> offerRow(subject, reservation).thenReturn(reservation))
                .mapNotNull(reservation -> settle(subject, claim, charge, reservation))
                .onErrorResume(
                        DatabaseUnavailableException.class,
                        error -> Mono.defer(() -> byPolicy(subject, claim, charge)));
    }

    private @Nullable UsageEvent settle(
            Subject subject, Claim.Quota claim, UsageEvent charge, Reservation reservation) {
        if (reservation.allowed()) {
            return verdicts.admitted(subject, Source.DATABASE, charge.withPeriod(reservation.periodEndsAt()));
        }
        throw verdicts.refused(
                subject,
                claim.name(),
                Source.DATABASE,
                Refusals.quota(reservation.exceeded(charge, defaultLimit.requests(), clock.instant())));
    }

    /**
     * The operation begins when its charge is on disk, under an id of its own: under the first, the database may yet record
     * the refusal that it did not answer in time, and what was refused never counts.
     */
    private Mono<UsageEvent> byPolicy(Subject subject, Claim.Quota claim, UsageEvent inDoubt) {
        if (claim.onFailure() == OnFailure.DENY) {
            return Mono.error(() -> verdicts.unavailable(subject, claim));
        }
        UsageEvent charge = inDoubt.withId(SortableIds.next().toString());
        return subject.claims().charging(charge)
                ? usage.chargeToJournal(charge, inDoubt)
                        .onErrorMap(
                                JournalFullException.class, full -> refusedByJournal(subject, claim, charge, inDoubt))
                        .then(Mono.fromSupplier(() -> {
                            verdicts.byPolicy(subject, claim);
                            return verdicts.admitted(subject, Source.POLICY, charge);
                        }))
                : AdmissionChain.ended();
    }

    /** A disk that did not answer in time may have taken the charge all the same, so that is given back too. */
    private ProblemException refusedByJournal(
            Subject subject, Claim.Quota claim, UsageEvent charge, UsageEvent inDoubt) {
        var unused = usage.refund(charge, redisBudget.whole()).toFuture();
        subject.claims().charging(inDoubt);
        return verdicts.unavailable(subject, claim);
    }

    /**
     * The ledger is offered the row at once, also by a request that has no time left to wait for it; on one connection its
     * takeover stands before whatever is asked next. If Redis does not answer, the fence sees to it later: one that is
     * installed before the reservation is made says nothing of it.
     */
    private Mono<Boolean> offerRow(Subject subject, Reservation reservation) {
        Mono<Boolean> offer = ledger.takeover(subject.userId(), reservation.row())
                .doOnError(RedisUnavailableException.class, error -> fence(subject));
        return redisBudget
                .within(subject.context().timings(), Mono.fromFuture(offer.toFuture(), true))
                .onErrorReturn(RedisUnavailableException.class, false);
    }

    private void fence(Subject subject) {
        fences.mark(KeySpace.partition(subject.userId()));
    }

    private Mono<Reservation> reserve(UsageEvent charge) {
        return database.rpc("reserve_quota", arguments(charge), RESERVATION)
                .switchIfEmpty(
                        Mono.error(() -> new DatabaseUnavailableException("reserve_quota answered nothing", null)))
                .onErrorMap(DatabaseRejectedException.class, DatabaseUnavailableException::refused);
    }

    private Map<String, @Nullable Object> arguments(UsageEvent charge) {
        Map<String, @Nullable Object> arguments = new HashMap<>();
        arguments.put("p_user_id", charge.userId());
        arguments.put("p_amount", charge.amount());
        arguments.put("p_bytes", charge.bytes());
        arguments.put("p_default_limit", defaultLimit.requests());
        arguments.put("p_event", charge);
        return arguments;
    }

    private <T> Mono<T> asked(Subject subject, Mono<T> call) {
        return subject.context()
                .timings()
                .measure(Stage.DATABASE, call)
                .doOnNext(answer -> degradation.answered(Degradation.Layer.DATABASE))
                .doOnError(
                        DatabaseUnavailableException.class,
                        error -> degradation.failed(Degradation.Layer.DATABASE, error));
    }
}
