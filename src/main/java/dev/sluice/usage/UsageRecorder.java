package dev.sluice.usage;

import dev.sluice.journal.UsageEvent;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.springframework.context.SmartLifecycle;
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

    private final EventWriter writer;
    private final int batchSize;
    private final Duration flushInterval;
    private final BlockingQueue<UsageEvent> waiting;
    private final Scheduler scheduler;
    private volatile boolean open;
    private volatile Sinks.Empty<Void> closing = Sinks.empty();
    private volatile Mono<Void> drained = Mono.empty();

    /** @param capacity events that wait in the sink at most */
    UsageRecorder(EventWriter writer, UsageProperties properties, int capacity, Scheduler scheduler) {
        this.writer = writer;
        this.batchSize = properties.batchSize();
        this.flushInterval = properties.flushInterval();
        this.waiting = new ArrayBlockingQueue<>(capacity);
        this.scheduler = scheduler;
    }

    /**
     * Records how an operation ended. Completes at once while there is room, else when the event is written; does
     * nothing until it is subscribed to.
     */
    public Mono<Void> outcome(UsageEvent event) {
        return Mono.defer(() -> accepts(event) ? Mono.empty() : carryOut(event));
    }

    /** The lock is held for an offer, so that nothing is offered after the last flush. */
    private boolean accepts(UsageEvent event) {
        synchronized (waiting) {
            return open && waiting.offer(event);
        }
    }

    /** Starts the write now, so that nobody's cancellation can stop it. */
    private Mono<Void> carryOut(UsageEvent event) {
        return Mono.fromFuture(writer.write(List.of(event)).toFuture(), true);
    }

    @Override
    public void start() {
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
                    List<UsageEvent> batch = new ArrayList<>(batchSize);
                    waiting.drainTo(batch, batchSize);
                    return batch.isEmpty() ? Mono.<Void>empty() : writer.write(batch);
                })
                .repeat(() -> !waiting.isEmpty())
                .then();
    }

    /** Takes no more and writes what waits. */
    @Override
    public void stop(Runnable callback) {
        synchronized (waiting) {
            open = false;
        }
        closing.tryEmitEmpty();
        var unused = drained.onErrorComplete().doFinally(end -> callback.run()).toFuture();
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public boolean isRunning() {
        return open;
    }

    /** After the web server has finished its last request, before anything that writing needs. */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE - 4096;
    }
}
