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
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * What would be decided on the claims that an exchange holds, without deciding: nothing is counted, charged, recorded or
 * remembered. It reads what {@link AdmissionChain} would, in the same order; between it and a request others may come.
 */
public final class AdmissionPreview {

    private final Ledger ledger;
    private final FactsPreview facts;
    private final LastVerdicts lastVerdicts;
    private final RememberedRefusals remembered;
    private final InFlight inFlight;
    private final SizeLimit sizes;
    private final ShadowPreview shadows;
    private final Subjects subjects;
    private final DefaultLimit defaultLimit;
    private final UsageSink usage;
    private final Clock clock;

    AdmissionPreview(
            Ledger ledger,
            FactsPreview facts,
            LastVerdicts lastVerdicts,
            RememberedRefusals remembered,
            InFlight inFlight,
            SizeLimit sizes,
            ShadowPreview shadows,
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
        this.shadows = shadows;
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

    /**
     * What would become of a request.
     *
     * @param claims in the order in which the route declares them
     * @param shadows of the route's filters in shadow mode, as if all claims held
     */
    public record Preview(List<Judged> claims, List<Tried> shadows) {}

    /** Fails for nothing that is away. */
    public Mono<Preview> of(ServerWebExchange exchange) {
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
            boolean decided = !claims.isEmpty() || flight != null;
            return known(subject, flight)
                    .map(known -> judge.all(known, flight))
                    .flatMap(judged -> shadows.of(subject, decided, UploadBatch.largest(exchange))
                            .map(tried -> new Preview(judged, tried)));
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
        return facts.read(subject.userId(), row, unknown)
                .map(read -> new Known(view, read.row(), read.verdicts(), row));
    }
}
