package dev.sluice.usage;

import dev.sluice.journal.UsageEvent;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Takes what requests report on their completion path: how their operation ended.
 *
 * <p>Events are gathered in a bounded queue and written in batches. When it is full (Redis is slow), or closed (this
 * instance is stopping), the caller's own completion waits until its event is written: back-pressure, never a drop.
 * Nothing here ever fails, and once subscribed to it is carried out even if the subscriber cancels.
 */
public final class UsageRecorder implements SmartLifecycle {

    static final int PHASE = WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE - 256;

    /** How long the stores are waited for when this instance stops; what is left then takes the last resort. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    /** Longer than a write takes that is told to hurry, or a refund: both end in the journal. This only bounds a mistake. */
    private static final Duration LIMIT = PATIENCE.multipliedBy(2);

    private final EventWriter writer;
    private final int batchSize;
    private final Duration flushInterval;
    private final int capacity;
    private final Queue<UsageEvent> waiting = new ArrayDeque<>();
    private final Scheduler scheduler;
    private final Set<CompletableFuture<Void>> carriedOut = ConcurrentHashMap.newKeySet();
    private volatile boolean open;
    private volatile Sinks.Empty<Void> closing = Sinks.empty();
    private volatile Mono<Void> drained = Mono.empty();

    /** @param capacity events that wait in the sink at most */
    UsageRecorder(EventWriter writer, UsageProperties properties, int capacity, Scheduler scheduler) {
        this.writer = writer;
        this.batchSize = properties.batchSize();
        this.flushInterval = properties.flushInterval();
        this.capacity = capacity;
        this.scheduler = scheduler;
    }

    /**
     * Records how an operation ended. Completes at once while there is room, else when the event is written; does
     * nothing until it is subscribed to.
     */
    public Mono<Void> outcome(UsageEvent event) {
        return Mono.defer(() -> accepts(event) ? Mono.empty() : carryOut(writer.write(List.of(event))));
    }

    /**
     * Holds the monitor for a few instructions, so that nothing is accepted after the last flush. A queue with a lock of its
     * own would park event loops under contention.
     */
    private boolean accepts(UsageEvent event) {
        synchronized (waiting) {
            return open && waiting.size() < capacity && waiting.add(event);
        }
    }

    private List<UsageEvent> nextBatch() {
        List<UsageEvent> batch = new ArrayList<>(batchSize);
        synchronized (waiting) {
            while (batch.size() < batchSize && !waiting.isEmpty()) {
                batch.add(waiting.remove());
            }
        }
        return batch;
    }

    private boolean isWaiting() {
        synchronized (waiting) {
            return !waiting.isEmpty();
        }
    }

    /** Starts {@code write} now, so that nobody's cancellation can stop it; a stop waits for it. Ends as it does. */
    Mono<Void> carryOut(Mono<Void> write) {
        CompletableFuture<Void> started = write.toFuture();
        carriedOut.add(started);
        var unused = started.whenComplete((done, error) -> carriedOut.remove(started));
        return Mono.fromFuture(started, true);
    }

    @Override
    public void start() {
        writer.takeTime();
        Sinks.Empty<Void> end = Sinks.empty();
        closing = end;
        drained = Mono.fromFuture(
                Flux.interval(flushInterval, scheduler)
                        .onBackpressureDrop()
                        .takeUntilOther(end.asMono())
                        .concatMap(tick -> flush(), 1)
                        .then(Mono.defer(this::flush))
                        .toFuture(),
                true);
        synchronized (waiting) {
            open = true;
        }
    }

    /** Writes what waits, batch by batch; never fails. */
    private Mono<Void> flush() {
        return Mono.defer(() -> {
                    List<UsageEvent> batch = nextBatch();
                    return batch.isEmpty() ? Mono.<Void>empty() : writer.write(batch);
                })
                .repeat(this::isWaiting)
                .then();
    }

    /** Takes no more, writes what waits and waits for what is being written, but not for stores that hang. */
    @Override
    public void stop(Runnable callback) {
        synchronized (waiting) {
            open = false;
        }
        closing.tryEmitEmpty();
        Disposable limit = scheduler.schedule(writer::hurry, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        Mono<Void> direct = Mono.defer(() -> Mono.when(carriedOut.stream()
                .map(write -> Mono.fromFuture(write, true).onErrorComplete())
                .toList()));
        var unused = drained.onErrorComplete()
                .then(direct.timeout(LIMIT, Mono.empty()))
                .doFinally(end -> {
                    limit.dispose();
                    callback.run();
                })
                .toFuture();
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public boolean isRunning() {
        return open;
    }

    /** After the last request has ended, before anything that writing needs, and before the management port closes. */
    @Override
    public int getPhase() {
        return PHASE;
    }
}
