package dev.sluice.reconcile;

import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.LedgerState;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.reconcile.Reconciler.Finding;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.supabase.PostgRest;
import io.lettuce.core.RedisCommandExecutionException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.util.StringUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * One pass over all ledgers, in chunks: the hashes are read first, then the rows in one call, then what differs is
 * corrected, each ledger only if it is still as it was read.
 */
final class Reconciliation {

    static final int CHUNK = 500;

    private static final Logger log = LoggerFactory.getLogger(Reconciliation.class);
    private static final String LEDGERS = "{p*}:quota:*";
    private static final String USER_FOLLOWS = ":quota:";
    private static final int CORRECTIONS_AT_ONCE = 64;
    private static final int NAMED_IN_WARNING = 10;
    private static final ParameterizedTypeReference<List<QuotaRow>> ROWS = new ParameterizedTypeReference<>() {};

    private final RedisConnection redis;
    private final KeyScan scan;
    private final Ledger ledger;
    private final PostgRest database;
    private final Reconciler reconciler;

    Reconciliation(RedisConnection redis, KeyScan scan, Ledger ledger, PostgRest database, Reconciler reconciler) {
        this.redis = redis;
        this.scan = scan;
        this.ledger = ledger;
        this.database = database;
        this.reconciler = reconciler;
    }

    /**
     * What was found and done.
     *
     * @param failedScans 1 if a server did not tell all of its keys
     */
    record Tally(
            long users,
            long differing,
            long missing,
            long drifted,
            long corrected,
            long failedChunks,
            long failedScans) {

        static final Tally NOTHING = new Tally(0, 0, 0, 0, 0, 0, 0);
        static final Tally FAILED_CHUNK = new Tally(0, 0, 0, 0, 0, 1, 0);
        static final Tally FAILED_SCAN = new Tally(0, 0, 0, 0, 0, 0, 1);

        Tally plus(Tally other) {
            return new Tally(
                    users + other.users,
                    differing + other.differing,
                    missing + other.missing,
                    drifted + other.drifted,
                    corrected + other.corrected,
                    failedChunks + other.failedChunks,
                    failedScans + other.failedScans);
        }
    }

    /** Never fails: what could not be compared is counted. */
    Mono<Tally> run(boolean dryRun) {
        return scan.keys(LEDGERS)
                .concatMap(key -> Mono.justOrEmpty(userOf(key)))
                .<Set<String>>buffer(CHUNK, LinkedHashSet::new)
                .concatMap(
                        users -> chunk(users, dryRun).onErrorResume(error -> {
                            log.warn("{} ledgers could not be compared: {}", users.size(), error.toString());
                            return Mono.just(Tally.FAILED_CHUNK);
                        }),
                        1)
                .onErrorResume(error -> {
                    log.warn("Not all ledgers could be found: {}", error.toString());
                    return Mono.just(Tally.FAILED_SCAN);
                })
                .reduce(Tally.NOTHING, Tally::plus);
    }

    private Mono<Tally> chunk(Collection<String> users, boolean dryRun) {
        return Flux.fromIterable(users)
                .flatMap(user -> state(user).map(state -> Map.entry(user, state)), CHUNK)
                .collectMap(Map.Entry::getKey, Map.Entry::getValue)
                .flatMap(seen -> seen.isEmpty()
                        ? Mono.just(Tally.NOTHING)
                        : rows(seen.keySet()).flatMap(rows -> correct(reconciler.compare(seen, rows), dryRun)));
    }

    /** Empty if the key has vanished, waits for its facts, or is no ledger. */
    private Mono<LedgerState> state(String user) {
        return redis.call(commands -> commands.hgetall(KeySpace.quota(user)))
                .flatMap(hash -> Mono.justOrEmpty(LedgerState.read(hash)))
                .filter(state -> !state.stub())
                .onErrorResume(error -> {
                    if (error instanceof NumberFormatException
                            || error.getCause() instanceof RedisCommandExecutionException) {
                        log.warn("The ledger of user {} cannot be read: {}", user, error.toString());
                        return Mono.empty();
                    }
                    return Mono.error(error);
                });
    }

    private Mono<Map<String, QuotaRow>> rows(Set<String> users) {
        return database.rpcInBackground("quotas_of", Map.of("p_user_ids", users), ROWS)
                .defaultIfEmpty(List.of())
                .map(rows -> rows.stream()
                        .collect(Collectors.toMap(row -> Objects.requireNonNull(row.userId()), Function.identity())));
    }

    private Mono<Tally> correct(List<Finding> findings, boolean dryRun) {
        warn(findings);
        return Flux.fromIterable(findings)
                .filter(finding -> finding.differs() && !dryRun)
                .flatMap(
                        finding -> ledger.correct(finding.userId(), finding.seen(), finding.row()), CORRECTIONS_AT_ONCE)
                .filter(Boolean::booleanValue)
                .count()
                .map(corrected -> new Tally(
                        findings.size(),
                        count(findings, Finding::differs),
                        count(findings, Finding::missing),
                        count(findings, Finding::drifted),
                        corrected,
                        0,
                        0));
    }

    private static void warn(List<Finding> findings) {
        List<Finding> drifted = findings.stream().filter(Finding::drifted).toList();
        if (!drifted.isEmpty()) {
            log.warn(
                    "{} ledgers are not what the database says, among them those of {}",
                    drifted.size(),
                    drifted.stream()
                            .limit(NAMED_IN_WARNING)
                            .map(finding -> "%s (%s with %s pending, database %s)"
                                    .formatted(
                                            finding.userId(),
                                            finding.seen().base(),
                                            finding.seen().pending(),
                                            finding.missing()
                                                    ? "has no row"
                                                    : finding.row().current()))
                            .toList());
        }
        List<String> missing = findings.stream()
                .filter(Finding::missing)
                .map(Finding::userId)
                .limit(NAMED_IN_WARNING)
                .toList();
        if (!missing.isEmpty()) {
            log.warn("Users have a ledger and no row any more, among them {}", missing);
        }
    }

    private static long count(List<Finding> findings, Predicate<Finding> what) {
        return findings.stream().filter(what).count();
    }

    private static Optional<String> userOf(String key) {
        int at = key.indexOf(USER_FOLLOWS);
        try {
            String user = StringUtils.uriDecode(key.substring(at + USER_FOLLOWS.length()), StandardCharsets.UTF_8);
            return KeySpace.quota(user).equals(key) ? Optional.of(user) : Optional.empty();
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
