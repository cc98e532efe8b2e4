package dev.sluice.admission;

import dev.sluice.exchange.ClientGone;
import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.journal.JournalFullException;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.AdmitRequest;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.ledger.BucketCheck;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.problem.ProblemException;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseUnavailableException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Decides all claims of a request: by Redis, else by the database under the same event id, else by each claim's policy.
 *
 * <p>Every decision either completes with what was charged or fails with a {@code ProblemException}.
 */
final class AdmissionChain {

    /** Facts are asked at most so often for one request; a ledger that keeps vanishing is a Redis that does not hold. */
    private static final int MAX_LOADS = 4;

    /** Questions of one request that are before the database at once. */
    private static final int MAX_READS = 8;

    private final Ledger ledger;
    private final Fences fences;
    private final FactsReader facts;
    private final LastVerdicts lastVerdicts;
    private final DatabaseAdmission database;
    private final AdmissionRequests requests;
    private final AdmissionVerdicts verdicts;
    private final Degradation degradation;
    private final UsageSink usage;
    private final RedisBudget redisBudget;
    private final Shadows shadows;

    AdmissionChain(
            Ledger ledger,
            Fences fences,
            FactsReader facts,
            LastVerdicts lastVerdicts,
            DatabaseAdmission database,
            AdmissionRequests requests,
            AdmissionVerdicts verdicts,
            Degradation degradation,
            UsageSink usage,
            RedisBudget redisBudget,
            Shadows shadows) {
        this.ledger = ledger;
        this.fences = fences;
        this.facts = facts;
        this.lastVerdicts = lastVerdicts;
        this.database = database;
        this.requests = requests;
        this.verdicts = verdicts;
        this.degradation = degradation;
        this.usage = usage;
        this.redisBudget = redisBudget;
        this.shadows = shadows;
    }

    /** Completes with the charge as it was made; empty if the request claims no quota. */
    Mono<UsageEvent> decide(Subject subject) {
        return Mono.defer(() -> {
            ProblemException remembered = verdicts.remembered(subject);
            if (remembered != null) {
                return Mono.error(remembered);
            }
            UsageEvent charge = requests.charge(subject);
            if (charge != null && usage.isFull()) {
                return withoutStream(subject, charge);
            }
            if (!subject.claims().charging(charge)) {
                return ended();
            }
            return viaRedis(subject, charge, requests.of(subject, charge), 0)
                    .onErrorResume(RedisUnavailableException.class, error -> withoutRedis(subject, charge, error));
        });
    }

    /**
     * Whatever anybody charged while Redis was away has to be seen before a ledger is trusted again. A request that went past
     * a bound of its own says nothing of Redis: of what it charges in the database, its row or its partition's fence tells.
     */
    private Mono<UsageEvent> withoutRedis(
            Subject subject, @Nullable UsageEvent charge, RedisUnavailableException error) {
        if (error.isLoss()) {
            if (degradation.failed(Degradation.Layer.REDIS, error)) {
                fences.markAll();
            } else if (charge != null) {
                fences.mark(KeySpace.partition(subject.userId()));
            }
        }
        if (!error.mayHaveRun()) {
            subject.claims().charging(null);
        }
        shadows.failed(subject);
        return database.decide(subject, charge);
    }

    /** Past the backlog's limit the quota's policy decides; what it lets pass is recorded beside the stream. */
    private Mono<UsageEvent> withoutStream(Subject subject, UsageEvent charge) {
        Claim.Quota quota = subject.claims().quota();
        if (quota == null) {
            throw new IllegalStateException("There is a charge that nobody claimed");
        }
        verdicts.byPolicy(subject, quota);
        return viaRedis(subject, null, requests.of(subject, null), 0)
                .onErrorResume(RedisUnavailableException.class, error -> withoutRedis(subject, null, error))
                .then(Mono.defer(() -> subject.claims().charging(charge)
                        ? usage.charge(
                                        charge,
                                        redisBudget.left(subject.context().timings()))
                                .thenReturn(charge)
                        : AdmissionChain.<UsageEvent>ended()))
                .onErrorMap(JournalFullException.class, full -> verdicts.unavailable(subject, quota));
    }

    /** For a request that was cut off: nobody waits for a decision. */
    static <T> Mono<T> ended() {
        return Mono.error(ClientGone::new);
    }

    private Mono<UsageEvent> viaRedis(Subject subject, @Nullable UsageEvent charge, AdmitRequest request, int loads) {
        long generation = lastVerdicts.generation();
        return redisBudget
                .within(subject.context().timings(), ledger.admit(request))
                .flatMap(reply -> {
                    degradation.answered(Degradation.Layer.REDIS);
                    if (reply instanceof AdmitReply.Load load) {
                        return loads == MAX_LOADS
                                ? Mono.error(
                                        RedisUnavailableException.notAsked("The ledger does not hold its facts", null))
                                : loadThenAdmit(subject, charge, request, load, loads);
                    }
                    remember(subject, request, reply, generation);
                    UsageEvent made = verdicts.settle(subject, charge, (AdmitReply.Decided) reply);
                    if (reply instanceof AdmitReply.Admitted admitted) {
                        shadows.judged(subject, request.shadows(), admitted.shadows());
                    }
                    return Mono.justOrEmpty(made);
                });
    }

    /** Remembers the buckets' verdicts that Redis has read; one that was given to it is none that it answered. */
    private void remember(Subject subject, AdmitRequest asked, AdmitReply reply, long generation) {
        if (reply instanceof AdmitReply.Admitted admitted) {
            for (int i = 0; i < asked.buckets().size(); i++) {
                remember(subject, asked, i, admitted.verdicts().get(i), generation);
            }
        } else if (reply instanceof AdmitReply.BucketDenied denied) {
            remember(subject, asked, denied.bucket(), false, generation);
        }
    }

    private void remember(Subject subject, AdmitRequest asked, int index, boolean granted, long generation) {
        if (asked.buckets().get(index).decided() == null) {
            Claim.Bucket bucket = subject.claims().buckets().get(index);
            lastVerdicts.saw(subject.userId(), bucket.bucket(), bucket.access(), granted, generation);
        }
    }

    private Mono<UsageEvent> loadThenAdmit(
            Subject subject, @Nullable UsageEvent charge, AdmitRequest request, AdmitReply.Load load, int loads) {
        Timings timings = subject.context().timings();
        return timings.measure(Stage.DATABASE, read(subject, load))
                .flatMap(stored -> {
                    degradation.answered(Degradation.Layer.DATABASE);
                    return redisBudget
                            .within(timings, stored)
                            .thenReturn(load.quota() ? request.with(FactsMode.HELD) : request);
                })
                .onErrorResume(DatabaseUnavailableException.class, error -> {
                    degradation.failed(Degradation.Layer.DATABASE, error);
                    return Mono.fromSupplier(() -> withoutFacts(subject, request, load));
                })
                .flatMap(next -> subject.claims().charging(charge)
                        ? viaRedis(subject, charge, next, loads + 1)
                        : AdmissionChain.<UsageEvent>ended());
    }

    /**
     * Asks for the ledger's facts with the first bucket's verdict, and for the other buckets' beside it. Completes with what
     * completes when Redis has them all.
     */
    private Mono<Mono<Void>> read(Subject subject, AdmitReply.Load load) {
        String user = subject.userId();
        List<Claim.Bucket> buckets = subject.claims().buckets();
        Flux<FactsReader.Loaded> read = load.verdict()
                ? Flux.range(0, load.verdicts().size())
                        .flatMap(
                                i -> facts.load(
                                        user,
                                        i == 0 ? load : load.verdictsOnly(),
                                        buckets.get(load.verdicts().get(i)).bucket()),
                                MAX_READS)
                : facts.load(user, load, null).flux();
        return read.map(FactsReader.Loaded::stored).collectList().map(Mono::when);
    }

    /** The request as policy lets it stand while the database cannot say what Redis does not know. */
    private AdmitRequest withoutFacts(Subject subject, AdmitRequest request, AdmitReply.Load load) {
        AdmitRequest next = request;
        Claim.Quota quota = subject.claims().quota();
        if (load.quota() && quota != null) {
            if (request.facts() == FactsMode.KNOWN) {
                throw verdicts.unavailable(subject, quota);
            }
            if (quota.onFailure() == OnFailure.ALLOW) {
                degradation.decidedByPolicy(quota, OnFailure.ALLOW);
                next = next.with(FactsMode.TRUST);
            } else {
                next = next.with(FactsMode.KNOWN);
            }
        }
        List<BucketCheck> buckets = new ArrayList<>(next.buckets());
        for (int unknown : load.verdicts()) {
            Claim.Bucket bucket = subject.claims().buckets().get(unknown);
            Boolean last = lastVerdicts.last(subject.userId(), bucket.bucket(), bucket.access());
            buckets.set(
                    unknown,
                    new BucketCheck(
                            bucket.bucket(),
                            bucket.access().key(),
                            last != null ? last : verdicts.byPolicy(subject, bucket)));
        }
        return next.with(buckets);
    }
}
