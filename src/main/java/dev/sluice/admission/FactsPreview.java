package dev.sluice.admission;

import dev.sluice.ledger.QuotaRow;
import dev.sluice.supabase.DatabaseUnavailableException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Reads from the database what a decision would, and stores nothing. */
final class FactsPreview {

    /** Of one request, before the database at once. */
    private static final int MAX_READS = 8;

    private final FactsReader facts;
    private final LastVerdicts lastVerdicts;

    FactsPreview(FactsReader facts, LastVerdicts lastVerdicts) {
        this.facts = facts;
        this.lastVerdicts = lastVerdicts;
    }

    /**
     * What the database said.
     *
     * @param row null if it was not asked, or did not answer
     * @param verdicts by bucket, of those that it was asked for and has answered
     */
    record Known(@Nullable QuotaRow row, Map<String, Facts> verdicts) {

        static final Known NOTHING = new Known(null, Map.of());
    }

    /**
     * Fails for nothing that is away.
     *
     * @param row whether the user's row is wanted
     * @param buckets of which the verdicts are wanted
     */
    Mono<Known> read(String userId, boolean row, Collection<String> buckets) {
        long generation = lastVerdicts.generation();
        List<String> each = buckets.stream().distinct().toList();
        if (each.isEmpty()) {
            return row
                    ? facts.readOnly(userId, null, generation)
                            .map(answer -> new Known(answer.row(), Map.of()))
                            .onErrorReturn(DatabaseUnavailableException.class, Known.NOTHING)
                    : Mono.just(Known.NOTHING);
        }
        Map<String, Facts> verdicts = new ConcurrentHashMap<>();
        return Flux.fromIterable(each)
                .flatMapSequential(
                        bucket -> facts.readOnly(userId, bucket, generation)
                                .doOnNext(answer -> verdicts.put(bucket, answer)),
                        MAX_READS)
                .collectList()
                .map(answers -> new Known(answers.get(0).row(), Map.copyOf(verdicts)))
                .onErrorResume(
                        DatabaseUnavailableException.class, error -> Mono.just(new Known(null, Map.copyOf(verdicts))));
    }
}
