package dev.sluice.usage;

import dev.sluice.journal.UsageEvent;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.publisher.Sinks.EmitResult;
import reactor.core.scheduler.Scheduler;

/**
 * Takes what requests report on their completion path: how an operation ended, and charges to be given back.
 *
 * <p>Events are gathered in a bounded sink and written in batches. When the sink is full (Redis is slow), or closed (this
 * instance is stopping), the caller's own completion waits until its event is written: back-pressure, never a drop.
 * Nothing here ever fails, and once subscribed to it is carried out even if the subscriber cancels.
 */
public final class UsageRecorder implements SmartLifecycle {

    private final EventWriter writer;
    private final Clock clock;
    private final int batchSize;
    private final Duration flushInterval;
    private final int capacity;
    private final Scheduler scheduler;
    private final Object emission = new Object();
    private volatile Sinks.@Nullable Many<UsageEvent> sink;
    private volatile Mono<Void> drained = Mono.empty();

    /** @param capacity events that wait in the sink at most */
    UsageRecorder(EventWriter writer, Clock clock, UsageProperties properties, int capacity, Scheduler scheduler) {
        this.writer = writer;
        this.clock = clock;
        this.batchSize = properties.batchSize();
        this.flushInterval = properties.flushInterval();
        this.capacity = capacity;
        this.scheduler = scheduler;
    }

    /**
     * Records an event, usually an outcome. Completes at once while there is room, else when the event is written; does
     * nothing until it is subscribed to.
     */
    public Mono<Void> outcome(UsageEvent event) {
        return Mono.defer(() -> accepts(event) ? Mono.empty() : carryOut(event));
    }

    /** Gives a charge back, and completes when that is written; may be repeated. */
    public Mono<Void> refund(UsageEvent charge) {
        return Mono.defer(() -> carryOut(charge.refund(clock.instant())));
    }

    /** Gives a charge back soon, whatever becomes of the request; may be repeated. */
    public void refundLater(UsageEvent charge) {
        UsageEvent refund = charge.refund(clock.instant());
        if (!accepts(refund)) {
            var unused = carryOut(refund);
        }
    }

    /** The sink allows one emission at a time; the lock is held for an offer to a queue. */
    private boolean accepts(UsageEvent event) {
        Sinks.Many<UsageEvent> open = sink;
        if (open == null) {
            return false;
        }
        synchronized (emission) {
            return open.tryEmitNext(event) == EmitResult.OK;
        }
    }

    /** Starts the write now, so that nobody's cancellation can stop it. */
    private Mono<Void> carryOut(UsageEvent event) {
        return Mono.fromFuture(writer.write(List.of(event)).toFuture(), true);
    }

    @Override
    public void start() {
        Sinks.Many<UsageEvent> opened = Sinks.many().unicast().onBackpressureBuffer(new ArrayBlockingQueue<>(capacity));
        drained = Mono.fromFuture(
                opened.asFlux()
                        .publishOn(scheduler, batchSize)
                        .bufferTimeout(batchSize, flushInterval, scheduler, true)
                        .concatMap(writer::write, 1)
                        .then()
                        .toFuture(),
                true);
        sink = opened;
    }

    /** Takes no more into the sink and writes what is in it. */
    @Override
    public void stop(Runnable callback) {
        Sinks.Many<UsageEvent> open = sink;
        if (open == null) {
            callback.run();
            return;
        }
        synchronized (emission) {
            open.tryEmitComplete();
        }
        sink = null;
        var unused = drained.onErrorComplete().doFinally(end -> callback.run()).toFuture();
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public boolean isRunning() {
        return sink != null;
    }

    /** After the web server has finished its last request, before anything that writing needs. */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE - 4096;
    }
}
