package dev.sluice.usage;

import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import java.util.List;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Tells the ledgers what the database answered to events that did not come through the stream. */
final class RowTakeover {

    private final Ledger ledger;
    private final Fences fences;

    RowTakeover(Ledger ledger, Fences fences) {
        this.ledger = ledger;
        this.fences = fences;
    }

    /** Offers each row to its ledger; where Redis does not answer, the partition's fence sees to it later. Never fails. */
    Mono<Void> offer(List<QuotaRow> rows) {
        return Flux.fromIterable(rows).flatMap(this::offer).then();
    }

    /** Leaves it to the fences, for a time in which Redis is known not to answer. */
    void offerLater(List<QuotaRow> rows) {
        rows.forEach(row -> fences.mark(partition(row)));
    }

    private Mono<Boolean> offer(QuotaRow row) {
        return ledger.takeover(String.valueOf(row.userId()), row)
                .onErrorResume(RedisUnavailableException.class, error -> {
                    fences.mark(partition(row));
                    return Mono.just(false);
                });
    }

    private static int partition(QuotaRow row) {
        return KeySpace.partition(String.valueOf(row.userId()));
    }
}
