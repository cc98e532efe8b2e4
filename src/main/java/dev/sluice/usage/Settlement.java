package dev.sluice.usage;

import dev.sluice.ledger.Entry;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.supabase.DatabaseRejectedException;
import io.lettuce.core.RedisCommandExecutionException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.util.retry.Retry;

/**
 * Brings a batch to its end: applied in the database and settled in the ledger, or buried.
 *
 * <p>A passing failure is waited out, for as long as it takes. If the database refuses the batch, it is cut in halves until
 * the refused events stand alone; such a one is buried after {@value #ATTEMPTS} attempts.
 */
final class Settlement {

    private static final Logger log = LoggerFactory.getLogger(Settlement.class);
    private static final int ATTEMPTS = 3;
    private static final int CONCURRENT_USERS = 64;

    /** Of a key that is no ledger, or a field that is no number; says nothing of the server, nor of other users. */
    private static final Pattern BROKEN_LEDGER = Pattern.compile("WRONGTYPE|not an integer|would overflow");

    private final UsageDatabase database;
    private final Ledger ledger;
    private final UsageStream stream;
    private final Backoff backoff;
    private final Duration pause;
    private final Scheduler scheduler;
    private final Counter applied;
    private final Counter deadLetters;

    /** @param pause between two attempts at an event that was refused */
    Settlement(
            UsageDatabase database,
            Ledger ledger,
            UsageStream stream,
            Backoff backoff,
            Duration pause,
            Scheduler scheduler,
            MeterRegistry metrics) {
        this.database = database;
        this.ledger = ledger;
        this.stream = stream;
        this.backoff = backoff;
        this.pause = pause;
        this.scheduler = scheduler;
        this.applied = Counter.builder("sluice.usage.applied")
                .description("Usage events applied and acknowledged by this instance")
                .register(metrics);
        this.deadLetters = Counter.builder("sluice.usage.dead_letters")
                .description("Usage events that the database refused for good")
                .register(metrics);
    }

    /**
     * Waits for the database as long as it takes, and for Redis not at all: the entries are this consumer's until they are
     * acknowledged, and applied again without effect. Fails with a passing failure, of the database only once the backoff
     * was stopped.
     */
    Mono<Void> settle(List<Delivery.Usable> batch) {
        return apply(batch)
                .publishOn(scheduler)
                .flatMap(rows -> acknowledge(batch, rows))
                .onErrorResume(DatabaseRejectedException.class, error -> refused(batch, error));
    }

    /** As {@link #settle}, but waits for nothing, and fails with whatever stands against it. */
    Mono<Void> attempt(List<Delivery.Usable> batch) {
        return applyOnce(batch).publishOn(scheduler).flatMap(rows -> acknowledge(batch, rows));
    }

    /** Moves an entry to the dead letters. Fails if Redis does not. */
    Mono<Void> bury(Delivery delivery, String error) {
        return stream.bury(delivery, error)
                .doOnNext(moved -> {
                    if (moved) {
                        deadLetters.increment();
                        log.warn(
                                "Usage entry {} of partition {} is a dead letter: {}",
                                delivery.entryId(),
                                delivery.partition(),
                                error);
                    }
                })
                .then();
    }

    private Mono<List<QuotaRow>> apply(List<Delivery.Usable> batch) {
        Mono<List<QuotaRow>> call = applyOnce(batch).retryWhen(backoff);
        return batch.size() > 1
                ? call
                : call.retryWhen(Retry.fixedDelay(ATTEMPTS - 1, pause)
                        .scheduler(scheduler)
                        .filter(DatabaseRejectedException.class::isInstance)
                        .onRetryExhaustedThrow((spec, signal) -> signal.failure()));
    }

    private Mono<List<QuotaRow>> applyOnce(List<Delivery.Usable> batch) {
        return Mono.defer(() -> database.apply(
                        batch.stream().map(Delivery.Usable::event).toList()))
                .subscribeOn(scheduler);
    }

    private Mono<Void> refused(List<Delivery.Usable> batch, DatabaseRejectedException error) {
        if (batch.size() == 1) {
            return bury(batch.get(0), String.valueOf(error.getMessage()));
        }
        int half = batch.size() / 2;
        return settle(batch.subList(0, half)).then(settle(batch.subList(half, batch.size())));
    }

    private Mono<Void> acknowledge(List<Delivery.Usable> batch, List<QuotaRow> rows) {
        Map<String, QuotaRow> byUser = rows.stream()
                .filter(row -> row.userId() != null)
                .collect(Collectors.toMap(row -> Objects.requireNonNull(row.userId()), Function.identity()));
        Map<String, List<Entry>> entries = batch.stream()
                .collect(Collectors.groupingBy(
                        delivery -> delivery.event().userId(),
                        Collectors.mapping(Delivery.Usable::entry, Collectors.toList())));
        return Flux.fromIterable(entries.entrySet())
                .flatMapDelayError(
                        user -> acknowledge(user.getKey(), user.getValue(), byUser.get(user.getKey())),
                        CONCURRENT_USERS,
                        1)
                .then();
    }

    private Mono<Void> acknowledge(String userId, List<Entry> entries, @Nullable QuotaRow row) {
        if (row == null) {
            log.error("apply_usage answered no row for user {}; {} entries stay unsettled", userId, entries.size());
            return Mono.empty();
        }
        return ledger.settle(userId, entries, row)
                .doOnNext(applied::increment)
                .then()
                .onErrorResume(Settlement::isOfTheLedger, error -> {
                    log.error(
                            "The ledger of user {} is broken; {} entries stay unsettled: {}",
                            userId,
                            entries.size(),
                            error.getMessage());
                    return Mono.empty();
                });
    }

    private static boolean isOfTheLedger(Throwable error) {
        return error.getCause() instanceof RedisCommandExecutionException answer
                && BROKEN_LEDGER.matcher(String.valueOf(answer.getMessage())).find();
    }
}
