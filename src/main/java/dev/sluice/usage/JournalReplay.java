package dev.sluice.usage;

import dev.sluice.journal.Batch;
import dev.sluice.journal.Journal;
import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.RedisUnavailableException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Brings the events that wait in the journal to a store, oldest first, those that an earlier process left included.
 *
 * <p>A failed attempt leaves them where they are. The next one comes after 1 s, 2 s, 4 s … at most 15 s, or as soon as a
 * store is seen to answer. An event that no store will ever take is set aside, so that it does not hold up the others.
 */
final class JournalReplay implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(JournalReplay.class);
    private static final Duration TICK = Duration.ofMillis(250);
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofSeconds(15);

    private final Journal journal;
    private final EventWriter writer;
    private final UsageStream stream;
    private final UsageBacklog backlog;
    private final int batchSize;
    private final Scheduler scheduler;
    private final LongSupplier nanoTime;
    private volatile boolean running;
    private volatile Sinks.Empty<Void> stopping = Sinks.empty();
    private volatile Mono<Void> ended = Mono.empty();
    private volatile boolean more;
    private final AtomicInteger failures = new AtomicInteger();
    private volatile long failedAtNanos;
    private volatile long newsAtFailure;
    private final AtomicLong replayed = new AtomicLong();

    /** @param nanoTime a monotonic clock */
    JournalReplay(
            Journal journal,
            EventWriter writer,
            UsageStream stream,
            UsageBacklog backlog,
            UsageProperties properties,
            Scheduler scheduler,
            LongSupplier nanoTime) {
        this.journal = journal;
        this.writer = writer;
        this.stream = stream;
        this.backlog = backlog;
        this.batchSize = properties.batchSize();
        this.scheduler = scheduler;
        this.nanoTime = nanoTime;
    }

    @Override
    public void start() {
        Sinks.Empty<Void> stop = Sinks.empty();
        stopping = stop;
        running = true;
        ended = Mono.fromFuture(
                Flux.interval(TICK, scheduler)
                        .onBackpressureDrop()
                        .takeUntilOther(stop.asMono())
                        .filter(tick -> isDue())
                        .concatMap(tick -> replay(), 1)
                        .then()
                        .toFuture(),
                true);
    }

    private boolean isDue() {
        if (journal.waiting() == 0) {
            return false;
        }
        long since = nanoTime.getAsLong() - failedAtNanos;
        int failed = failures.get();
        return failed == 0 || since >= pauseNanos(failed) || (since >= FIRST.toNanos() && news() != newsAtFailure);
    }

    /** Changes when a store answers. */
    private long news() {
        return writer.successes() + backlog.recoveries();
    }

    static long pauseNanos(int failures) {
        return Math.min(LONGEST.toNanos(), FIRST.toNanos() << Math.min(failures - 1, 10));
    }

    /** Goes on until nothing waits or an attempt fails; never fails itself. */
    private Mono<Void> replay() {
        return Mono.defer(this::next).repeat(() -> more && running).then();
    }

    private Mono<Void> next() {
        more = false;
        return journal.oldest(batchSize)
                .flatMap(batch -> batch.events().isEmpty()
                        ? confirm(batch)
                        : writer.attempt(batch.events()).flatMap(left -> settle(batch, left)))
                .onErrorResume(error -> {
                    log.error("The journal cannot be read", error);
                    failed();
                    return Mono.empty();
                });
    }

    private Mono<Void> settle(Batch batch, EventWriter.Left left) {
        if (!left.unreached().isEmpty()) {
            failed();
            return Mono.empty();
        }
        return Flux.fromIterable(left.refused()).concatMap(this::giveUp).then(Mono.defer(() -> confirm(batch)));
    }

    /** The stream's worker makes a dead letter of it; if Redis is away too, it is set aside on disk. */
    private Mono<Void> giveUp(UsageEvent event) {
        return stream.add(event).onErrorResume(RedisUnavailableException.class, error -> {
            log.error("Usage event {} was refused by the database and is set aside in refused.ndjson", event.id());
            return journal.setAside(event);
        });
    }

    private Mono<Void> confirm(Batch batch) {
        return journal.confirm(batch).doOnSuccess(done -> {
            failures.set(0);
            long events = replayed.addAndGet(batch.events().size());
            more = journal.waiting() > 0;
            if (!more) {
                log.info("The journal is empty again: {} usage events were replayed", events);
                replayed.set(0);
            }
        });
    }

    private void failed() {
        if (failures.getAndIncrement() == 0) {
            log.warn("{} usage events wait in the journal until Redis or the database takes them", journal.waiting());
        }
        failedAtNanos = nanoTime.getAsLong();
        newsAtFailure = news();
    }

    /** Lets the attempt in progress end. */
    @Override
    public void stop(Runnable callback) {
        running = false;
        stopping.tryEmitEmpty();
        var unused = ended.onErrorComplete().doFinally(end -> callback.run()).toFuture();
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** After the recorder has written its last event; the journal itself closes when all that use it are gone. */
    @Override
    public int getPhase() {
        return UsageWorker.PHASE;
    }
}
