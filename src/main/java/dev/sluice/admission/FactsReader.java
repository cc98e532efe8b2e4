package dev.sluice.admission;

import dev.sluice.ledger.AdmitReply;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.Verdicts;
import dev.sluice.supabase.DatabaseRejectedException;
import dev.sluice.supabase.DatabaseUnavailableException;
import dev.sluice.supabase.PostgRest;
import dev.sluice.supabase.SingleFlight;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ParameterizedTypeReference;
import reactor.core.publisher.Mono;

/**
 * Reads a user's facts from the database, one flight per instance for requests that wait for the same answer.
 *
 * <p>A flight is named by the incarnation and the fence that its requests saw, because facts must be read after the
 * ledger that they fill was made: a request that saw another ledger must not join. Errors are not kept.
 */
final class FactsReader {

    private static final ParameterizedTypeReference<Facts> FACTS = new ParameterizedTypeReference<>() {};

    private final PostgRest database;
    private final Ledger ledger;
    private final SingleFlight<Flight, Loaded> flights = new SingleFlight<>();
    private final SingleFlight<Flight, Loaded> inBackground = new SingleFlight<>();

    FactsReader(PostgRest database, Ledger ledger) {
        this.database = database;
        this.ledger = ledger;
    }

    /** Reads what {@code seen} misses and begins to store it in Redis. */
    Mono<Loaded> load(String userId, AdmitReply.Load seen, @Nullable String bucket) {
        String asked = seen.verdict() ? bucket : null;
        return flights.join(
                Flight.of(userId, seen, asked),
                () -> read(userId, asked).map(facts -> new Loaded(facts, store(userId, seen, asked, facts))));
    }

    /** As {@link #load}, for nobody who waits: its failures open no circuit, and no request joins its flight. */
    Mono<Loaded> loadInBackground(String userId, AdmitReply.Load seen, @Nullable String bucket) {
        String asked = seen.verdict() ? bucket : null;
        return inBackground.join(
                Flight.of(userId, seen, asked),
                () -> answered(database.rpcInBackground("edge_facts", arguments(userId, asked), FACTS))
                        .map(facts -> new Loaded(facts, store(userId, seen, asked, facts))));
    }

    /**
     * Reads a user's facts without storing them: the way while Redis is away.
     *
     * @param bucket null if only the quota is asked for
     * @param generation of {@link LastVerdicts}: who asks after something was forgotten joins none who asked before
     */
    Mono<Facts> readOnly(String userId, @Nullable String bucket, long generation) {
        Flight flight = new Flight(userId, "", "", false, bucket, generation);
        return flights.join(flight, () -> read(userId, bucket).map(facts -> new Loaded(facts, Mono.empty())))
                .map(Loaded::facts);
    }

    private Mono<Facts> read(String userId, @Nullable String bucket) {
        return answered(database.rpc("edge_facts", arguments(userId, bucket), FACTS));
    }

    private static Map<String, @Nullable Object> arguments(String userId, @Nullable String bucket) {
        Map<String, @Nullable Object> arguments = new HashMap<>();
        arguments.put("p_user_id", userId);
        arguments.put("p_bucket", bucket);
        return arguments;
    }

    private static Mono<Facts> answered(Mono<Facts> call) {
        return call.switchIfEmpty(
                        Mono.error(() -> new DatabaseUnavailableException("edge_facts answered nothing", null)))
                .onErrorMap(DatabaseRejectedException.class, DatabaseUnavailableException::refused);
    }

    private Mono<Boolean> store(String userId, AdmitReply.Load seen, @Nullable String bucket, Facts facts) {
        Verdicts verdicts = bucket == null ? null : new Verdicts(bucket, facts.canRead(), facts.canWrite());
        Mono<Boolean> stored = ledger.load(userId, seen, seen.quota() ? facts.row() : null, verdicts);
        return Mono.fromFuture(stored.toFuture(), true);
    }

    /**
     * What a flight brought.
     *
     * @param stored completes when Redis has the facts; fails with a {@code RedisUnavailableException}. Under way whoever
     *     waits for it, and each who does has a budget of their own
     */
    record Loaded(Facts facts, Mono<Boolean> stored) {}

    private record Flight(
            String userId,
            String incarnation,
            String fence,
            boolean quota,
            @Nullable String bucket,
            long generation) {

        static Flight of(String userId, AdmitReply.Load seen, @Nullable String bucket) {
            return new Flight(userId, seen.incarnation(), seen.fence(), seen.quota(), bucket, 0);
        }
    }
}
