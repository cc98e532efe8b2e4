package dev.sluice.usage;

import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.supabase.DatabaseRejectedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;

/**
 * Brings events to safety: into the stream, else straight into the database, else to the overflow.
 *
 * <p>After an unanswered write its server is left alone for a moment, so that a frozen one costs each batch no timeout:
 * while the pipeline stands still, requests that have ended wait for it. The other masters of a Cluster are written to.
 *
 * <p>An event whose way is uncertain (no answer in time) takes the next way too; its id keeps it from counting twice.
 */
final class EventWriter {

    private static final Logger log = LoggerFactory.getLogger(EventWriter.class);

    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** Longer than any command may take. */
    private static final Duration ANY_ANSWER = Duration.ofMinutes(1);

    private final UsageStream stream;
    private final UsageBacklog backlog;
    private final UsageDatabase database;
    private final EventOverflow overflow;
    private final RowTakeover rows;
    private final LongSupplier nanoTime;
    private final AtomicLong successes = new AtomicLong();
    private final Map<Integer, Long> unansweredNanos = new ConcurrentHashMap<>();
    private volatile Sinks.Empty<Void> timeIsUp = Sinks.empty();

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

    /**
     * What an attempt left over.
     *
     * @param unreached events that no store took, or may not have taken
     * @param refused events that the database refused for good while the stream did not take them
     */
    record Left(List<UsageEvent> unreached, List<UsageEvent> refused) {

        private static final Left NOTHING = new Left(List.of(), List.of());

        boolean isNothing() {
            return unreached.isEmpty() && refused.isEmpty();
        }

        private Left and(Left other) {
            return new Left(both(unreached, other.unreached), both(refused, other.refused));
        }

        private List<UsageEvent> all() {
            return both(unreached, refused);
        }

        static List<UsageEvent> both(List<UsageEvent> some, List<UsageEvent> others) {
            List<UsageEvent> both = new ArrayList<>(some);
            both.addAll(others);
            return both;
        }
    }

    /** Completes when all events are safe; never fails. */
    Mono<Void> write(List<UsageEvent> events) {
        return attempt(events).flatMap(left -> left.isNothing() ? Mono.empty() : overflow.keep(left.all()));
    }

    /** Tries the stream, then the database, and nothing else. Never fails. */
    Mono<Left> attempt(List<UsageEvent> events) {
        return inTime(
                events,
                Mono.defer(() -> backlog.isFull() ? Mono.just(events) : addWhereAnswered(events))
                        .flatMap(left -> left.isEmpty() ? Mono.just(Left.NOTHING) : apply(left, ANY_ANSWER)));
    }

    /**
     * Tries the database and nothing else. Never fails.
     *
     * @param patience how long it is waited for that the user's ledger hears of it; it is told in any case
     */
    Mono<Left> apply(UsageEvent event, Duration patience) {
        List<UsageEvent> events = List.of(event);
        return inTime(events, apply(events, patience));
    }

    private Mono<Left> inTime(List<UsageEvent> events, Mono<Left> attempt) {
        return attempt.timeout(timeIsUp.asMono())
                .onErrorResume(TimeoutException.class, late -> {
                    log.warn("{} usage events: there is no time left for the stores", events.size());
                    return Mono.just(new Left(events, List.of()));
                })
                .onErrorResume(error -> {
                    log.error("Usage events could not be written, after an unexpected failure", error);
                    return Mono.just(new Left(events, List.of()));
                });
    }

    /** How often a store took events; if it has changed, one of them answers. */
    long successes() {
        return successes.get();
    }

    /** From now on waits for neither Redis nor the database, also in the writes under way, until {@link #takeTime}. */
    void hurry() {
        timeIsUp.tryEmitEmpty();
    }

    /** Ends {@link #hurry}. */
    void takeTime() {
        timeIsUp = Sinks.empty();
    }

    /** Answers the events that were not confirmed, or whose server is left alone. */
    private Mono<List<UsageEvent>> addWhereAnswered(List<UsageEvent> events) {
        Map<Integer, List<UsageEvent>> asked = new TreeMap<>();
        List<UsageEvent> passedOver = new ArrayList<>();
        for (UsageEvent event : events) {
            int partition = KeySpace.partition(event.userId());
            if (isSilent(partition)) {
                passedOver.add(event);
            } else {
                asked.computeIfAbsent(partition, first -> new ArrayList<>()).add(event);
            }
        }
        return asked.isEmpty() ? Mono.just(events) : addAll(asked).map(left -> Left.both(left, passedOver));
    }

    /** Adds to all partitions at once; answers the events of those that did not confirm all of theirs. */
    private Mono<List<UsageEvent>> addAll(Map<Integer, List<UsageEvent>> events) {
        return Flux.fromIterable(events.entrySet())
                .flatMap(
                        each -> stream.add(each.getKey(), each.getValue())
                                .then(Mono.<Map.Entry<Integer, List<UsageEvent>>>empty())
                                .onErrorResume(RedisUnavailableException.class, error -> Mono.just(each)),
                        events.size())
                .collectList()
                .map(left -> {
                    left.forEach(each -> leaveServerAlone(each.getKey()));
                    if (left.size() < events.size()) {
                        successes.incrementAndGet();
                    }
                    return left.stream()
                            .flatMap(each -> each.getValue().stream())
                            .toList();
                });
    }

    private void leaveServerAlone(int unanswered) {
        long now = nanoTime.getAsLong();
        IntStream.range(0, KeySpace.PARTITIONS)
                .filter(partition -> stream.shareServer(unanswered, partition))
                .forEach(partition -> unansweredNanos.put(partition, now));
    }

    private boolean isSilent(int partition) {
        Long since = unansweredNanos.get(partition);
        return !backlog.isAnswering(partition) || (since != null && nanoTime.getAsLong() - since < REST_NANOS);
    }

    private Mono<Left> apply(List<UsageEvent> events, Duration patience) {
        return database.apply(events)
                .flatMap(applied -> {
                    successes.incrementAndGet();
                    List<QuotaRow> now = new ArrayList<>();
                    List<QuotaRow> later = new ArrayList<>();
                    moved(applied, events)
                            .forEach(row -> (isSilent(KeySpace.partition(String.valueOf(row.userId()))) ? later : now)
                                    .add(row));
                    rows.offerLater(later);
                    return Mono.fromFuture(rows.offer(now).toFuture(), true)
                            .timeout(patience, Mono.empty())
                            .thenReturn(Left.NOTHING);
                })
                .onErrorResume(
                        DatabaseRejectedException.class,
                        error -> events.size() > 1
                                ? applyHalves(events, patience)
                                : Mono.just(new Left(List.of(), events)))
                .onErrorResume(error -> {
                    log.debug("{} usage events were not applied: {}", events.size(), error.toString());
                    return Mono.just(new Left(events, List.of()));
                });
    }

    /** An outcome moves no row, so the ledgers need not hear of it. */
    private static List<QuotaRow> moved(List<QuotaRow> applied, List<UsageEvent> events) {
        Set<String> users = events.stream()
                .filter(event -> event.kind() != UsageEvent.Kind.OUTCOME)
                .map(UsageEvent::userId)
                .collect(Collectors.toSet());
        return applied.stream().filter(row -> users.contains(row.userId())).toList();
    }

    private Mono<Left> applyHalves(List<UsageEvent> events, Duration patience) {
        int half = events.size() / 2;
        return apply(events.subList(0, half), patience)
                .flatMap(first ->
                        apply(events.subList(half, events.size()), patience).map(first::and));
    }
}
