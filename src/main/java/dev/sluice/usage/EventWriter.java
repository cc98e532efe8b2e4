package dev.sluice.usage;

import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseRejectedException;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Brings events to safety: into the stream, else straight into the database, else to the overflow.
 *
 * <p>After an unanswered write Redis is left alone for a moment, so that a frozen one costs each batch no timeout: while the
 * pipeline stands still, requests that have ended wait for it.
 *
 * <p>An event whose way is uncertain (no answer in time) takes the next way too; its id keeps it from counting twice.
 */
final class EventWriter {

    private static final Logger log = LoggerFactory.getLogger(EventWriter.class);

    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final UsageStream stream;
    private final UsageBacklog backlog;
    private final UsageDatabase database;
    private final EventOverflow overflow;
    private final RowTakeover rows;
    private final LongSupplier nanoTime;
    private volatile @Nullable Long unansweredNanos;

    /** @param nanoTime a monotonic clock, {@link System#nanoTime()} outside of tests */
    EventWriter(
            UsageStream stream,
            UsageBacklog backlog,
            UsageDatabase database,
            EventOverflow overflow,
            RowTakeover rows,
            LongSupplier nanoTime) {
        this.stream = stream;
        this.backlog = backlog;
        this.database = database;
        this.overflow = overflow;
        this.rows = rows;
        this.nanoTime = nanoTime;
    }

    /** Completes when all events are safe; never fails. */
    Mono<Void> write(List<UsageEvent> events) {
        return Mono.defer(() -> backlog.isFull() || rests() ? Mono.just(events) : addAll(events))
                .flatMap(left -> left.isEmpty() ? Mono.empty() : apply(left))
                .onErrorResume(error -> {
                    log.error("Usage events take the last resort after an unexpected failure", error);
                    return overflow.keep(events);
                });
    }

    /** Sends all XADDs at once, partition by partition; answers the events that were not confirmed. */
    private Mono<List<UsageEvent>> addAll(List<UsageEvent> events) {
        return Flux.fromStream(() ->
                        events.stream().sorted(Comparator.comparingInt(event -> KeySpace.partition(event.userId()))))
                .flatMap(
                        event -> stream.add(event)
                                .then(Mono.<UsageEvent>empty())
                                .onErrorResume(RedisUnavailableException.class, error -> Mono.just(event)),
                        events.size())
                .collectList()
                .doOnNext(left -> unansweredNanos = left.isEmpty() ? null : nanoTime.getAsLong());
    }

    private boolean rests() {
        Long since = unansweredNanos;
        return since != null && nanoTime.getAsLong() - since < REST_NANOS;
    }

    private Mono<Void> apply(List<UsageEvent> events) {
        return database.apply(events)
                .flatMap(applied -> {
                    if (rests()) {
                        rows.offerLater(applied);
                        return Mono.<Void>empty();
                    }
                    return rows.offer(applied);
                })
                .onErrorResume(
                        error -> error instanceof DatabaseRejectedException && events.size() > 1,
                        error -> apply(events.subList(0, events.size() / 2))
                                .then(apply(events.subList(events.size() / 2, events.size()))))
                .onErrorResume(error -> {
                    log.debug("{} usage events take the last resort: {}", events.size(), error.toString());
                    return overflow.keep(events);
                });
    }
}
