package dev.sluice.usage;

import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.supabase.DatabaseUnavailableException;
import dev.sluice.supabase.PostgRest;
import java.util.List;
import org.springframework.core.ParameterizedTypeReference;
import reactor.core.publisher.Mono;

/** The database's side of usage. */
final class UsageDatabase {

    private static final ParameterizedTypeReference<List<QuotaRow>> ROWS = new ParameterizedTypeReference<>() {};

    private final PostgRest database;

    UsageDatabase(PostgRest database) {
        this.database = database;
    }

    /**
     * Applies events, each at most once by its id, all or none of them.
     *
     * @return the row of every user named, also of those whose events were all known. Fails with
     *     {@code DatabaseUnavailableException} (not known whether they were applied) or {@code DatabaseRejectedException}
     *     (at least one of them is invalid; none was applied)
     */
    Mono<List<QuotaRow>> apply(List<UsageEvent> events) {
        return Mono.fromSupplier(() -> EventJson.arguments(events))
                .flatMap(arguments -> database.rpcInBackground("apply_usage", arguments, ROWS))
                .filter(rows -> !rows.isEmpty())
                .switchIfEmpty(
                        Mono.error(() -> new DatabaseUnavailableException("apply_usage answered nothing", null)));
    }
}
