package dev.sluice.admission;

import dev.sluice.exchange.Stage;
import dev.sluice.intent.UploadBatch;
import dev.sluice.ledger.BucketCheck;
import dev.sluice.ledger.Flight;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import dev.sluice.problem.ProblemException;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseUnavailableException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What would be decided on the claims that an exchange holds, without deciding: nothing is counted, charged, recorded or
 * remembered. It reads what {@link AdmissionChain} would, in the same order; between it and a request others may come.
 */
public final class AdmissionPreview {

    /** Of the requests that are before the database at once. */
    private static final int MAX_READS = 8;

    private final Ledger ledger;
    private final FactsReader facts;
    private final LastVerdicts lastVerdicts;
    private final RememberedRefusals remembered;
    private final InFlight inFlight;
    private final SizeLimit sizes;
    private final Subjects subjects;
    private final DefaultLimit defaultLimit;
    private final UsageSink usage;
    private final Clock clock;

    AdmissionPreview(
            Ledger ledger,
            FactsReader facts,
            LastVerdicts lastVerdicts,
            RememberedRefusals remembered,
            InFlight inFlight,
            SizeLimit sizes,
            Subjects subjects,
            DefaultLimit defaultLimit,
            UsageSink usage,
            Clock clock) {
        this.ledger = ledger;
        this.facts = facts;
        this.lastVerdicts = lastVerdicts;
        this.remembered = remembered;
        this.inFlight = inFlight;
        this.sizes = sizes;
        this.subjects = subjects;
        this.defaultLimit = defaultLimit;
        this.usage = usage;
        this.clock = clock;
    }

    /**
     * What is known for a decision.
     *
     * @param view null while Redis cannot be asked
     * @param row the user's row if it was read from the database; null if it was not, or could not be
     * @param verdicts by bucket, those that the database was asked for
     * @param asked whether the database had to be asked for the row
     */
    record Known(@Nullable LedgerView view, @Nullable QuotaRow row, Map<String, Facts> verdicts, boolean asked) {}

    /** Judges each claim, in the order in which the route declares them. Fails for nothing that is away. */
    public Mono<List<Judged>> of(ServerWebExchange exchange) {
        return Mono.defer(() -> {
            Subject subject = subjects.of(exchange);
            Admission claims = subject.claims();
            Long size = InFlightFilter.size(exchange);
            Flight flight =
                    size == null ? null : inFlight.claim(subject.context().requestId(), size);
            ProblemException tooLarge = claims.isEmpty() ? null : sizes.check(subject, UploadBatch.largest(exchange));
            ClaimJudge judge = new ClaimJudge(
                    subject, remembered, lastVerdicts, defaultLimit.requests(), usage.isFull(), clock.instant());
            if (size != null) {
                judge.instance(size, inFlight.full(size));
            }
            judge.size(claims.maxSize(), UploadBatch.largest(exchange), tooLarge == null ? null : tooLarge.problem());
            return known(subject, flight).map(known -> judge.all(known, flight));
        });
    }

    private Mono<Known> known(Subject subject, @Nullable Flight flight) {
        Admission claims = subject.claims();
        boolean nothing = claims.isEmpty() && flight == null;
        if (nothing) {
            return Mono.just(new Known(null, null, Map.of(), false));
        }
        List<RateCheck> checks = claims.checks();
        List<BucketCheck> buckets = claims.buckets().stream()
                .map(bucket -> new BucketCheck(bucket.bucket(), bucket.access().key(), null))
                .toList();
        return subject.context()
                .timings()
                .measure(Stage.REDIS, ledger.look(subject.userId(), checks, buckets))
                .map(Optional::of)
                .onErrorResume(RedisUnavailableException.class, error -> Mono.just(Optional.empty()))
                .flatMap(view -> ask(subject, view.orElse(null)));
    }

    /** Reads from the database what a decision would. */
    private Mono<Known> ask(Subject subject, @Nullable LedgerView view) {
        Admission claims = subject.claims();
        boolean row = claims.quota() != null && (view == null || view.facts() == null);
        List<String> unknown = new ArrayList<>();
        for (int i = 0; i < claims.buckets().size(); i++) {
            Claim.Bucket bucket = claims.buckets().get(i);
            boolean told = view == null
                    ? lastVerdicts.last(subject.userId(), bucket.bucket(), bucket.access()) != null
                    : view.verdicts().get(i) != null;
            if (!told) {
                unknown.add(bucket.bucket());
            }
        }
        long generation = lastVerdicts.generation();
        Map<String, Facts> verdicts = new HashMap<>();
        Mono<Optional<QuotaRow>> read = unknown.isEmpty()
                ? row
                        ? facts.readOnly(subject.userId(), null, generation).map(facts -> Optional.of(facts.row()))
                        : none()
                : Flux.fromIterable(unknown)
                        .distinct()
                        .flatMapSequential(
                                bucket -> facts.readOnly(subject.userId(), bucket, generation)
                                        .doOnNext(answer -> verdicts.put(bucket, answer)),
                                MAX_READS)
                        .collectList()
                        .map(answers -> Optional.of(answers.get(0).row()));
        return read.onErrorResume(DatabaseUnavailableException.class, error -> none())
                .map(answer -> new Known(view, answer.orElse(null), Map.copyOf(verdicts), row));
    }

    private static <T> Mono<Optional<T>> none() {
        return Mono.just(Optional.empty());
    }
}
