package dev.sluice.ownusage;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.sluice.exchange.Stage;
import dev.sluice.exchange.Timings;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseRejectedException;
import dev.sluice.supabase.DatabaseUnavailableException;
import dev.sluice.supabase.PostgRest;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.core.ParameterizedTypeReference;
import reactor.core.publisher.Mono;

/** Reads a user's usage: from Redis, and from the database what Redis does not know. */
public final class OwnUsageReader {

    private static final ParameterizedTypeReference<Facts> FACTS = new ParameterizedTypeReference<>() {};
    private static final Duration TRY_AGAIN = Duration.ofSeconds(2);

    private final Ledger ledger;
    private final PostgRest database;

    OwnUsageReader(Ledger ledger, PostgRest database) {
        this.ledger = ledger;
        this.database = database;
    }

    /** What {@code edge_facts} answers of a quota. */
    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Facts(@Nullable QuotaRow quota) {}

    /** Fails with a {@code ProblemException} if neither can be asked for the row. */
    Mono<OwnUsage> read(String userId, List<RateCheck> checks, Timings timings) {
        return look(userId, checks, timings)
                .flatMap(usage -> usage.row() != null
                        ? Mono.just(usage)
                        : Mono.error(() -> Problem.of(ProblemCode.ACCESS_CHECK_UNAVAILABLE)
                                .detail("Your usage cannot be read at the moment; try again shortly")
                                .retryAfter(TRY_AGAIN)
                                .exception()));
    }

    /** What can be told, even if it is nothing but the checks. Never fails for what is away. */
    public Mono<OwnUsage> look(String userId, List<RateCheck> checks, Timings timings) {
        return timings.measure(Stage.REDIS, ledger.look(userId, checks))
                .map(Optional::of)
                .onErrorResume(RedisUnavailableException.class, error -> Mono.just(Optional.empty()))
                .flatMap(seen -> {
                    LedgerView view = seen.orElse(null);
                    QuotaRow held = view == null ? null : view.facts();
                    return held == null
                            ? timings.measure(Stage.DATABASE, row(userId))
                                    .map(Optional::of)
                                    .onErrorResume(OwnUsageReader::isAway, error -> Mono.just(Optional.empty()))
                                    .map(row -> new OwnUsage(row.orElse(null), view, checks))
                            : Mono.just(new OwnUsage(held, view, checks));
                });
    }

    private static boolean isAway(Throwable error) {
        return error instanceof DatabaseUnavailableException || error instanceof DatabaseRejectedException;
    }

    private Mono<QuotaRow> row(String userId) {
        Map<String, @Nullable Object> arguments = new HashMap<>();
        arguments.put("p_user_id", userId);
        arguments.put("p_bucket", null);
        return database.rpc("edge_facts", arguments, FACTS)
                .map(facts -> facts.quota() == null ? QuotaRow.NONE : facts.quota());
    }
}
