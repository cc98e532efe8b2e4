package dev.sluice.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;
import reactor.util.context.ContextView;

/**
 * A place in the trace of one request: what is called from here becomes a child of this place's span, and is told of it
 * by {@code traceparent}. It travels in the Reactor context, where {@link #of} finds it. A request that is neither
 * sampled nor came with a {@code traceparent} has none.
 */
public final class Trace {

    private static final String CANCELLED = "cancelled";

    private final @Nullable Tracer tracer;
    private final Span span;
    private final long epochMinusNanoTime;
    private final AtomicReference<@Nullable Span> call = new AtomicReference<>();

    private Trace(@Nullable Tracer tracer, Span span, long epochMinusNanoTime) {
        this.tracer = tracer;
        this.span = span;
        this.epochMinusNanoTime = epochMinusNanoTime;
    }

    /** The trace of a request that is not sampled: there is nothing to it but what is passed on. */
    static Trace passedOn(Span span) {
        return new Trace(null, span, 0);
    }

    /**
     * The trace of a sampled request.
     *
     * @param epochMinusNanoTime what makes nanoseconds since the epoch of {@link System#nanoTime()}
     */
    static Trace sampled(Tracer tracer, Span request, long epochMinusNanoTime) {
        return new Trace(tracer, request, epochMinusNanoTime);
    }

    /** The place that a Reactor context is in; null in most requests, and in the background. */
    public static @Nullable Trace of(ContextView context) {
        return context.getOrDefault(Trace.class, null);
    }

    /** Whether spans are made. */
    public boolean isSampled() {
        return tracer != null;
    }

    /** Who calls, as the called are told. */
    public String traceparent() {
        return TraceParent.write(span.getSpanContext());
    }

    /** Makes this place's span the current one of this thread, for log lines and exemplars, until it is closed. */
    @SuppressWarnings("MustBeClosedChecker") // the caller closes it
    public Scope current() {
        return isSampled() ? span.makeCurrent() : Scope.noop();
    }

    /**
     * A stage or a call within this place, whose span begins with the subscription and ends with the call, however that
     * ends.
     */
    public <T> Mono<T> within(String name, Mono<T> work) {
        return tracer == null ? work : child(name, SpanKind.INTERNAL, started -> {}, place -> work);
    }

    /**
     * A call of another server.
     *
     * @param describe gives the span its attributes
     * @param work the call, made at the place that it is given
     */
    public <T> Mono<T> calling(String name, Consumer<Span> describe, Function<Trace, Mono<T>> work) {
        return child(name, SpanKind.CLIENT, describe, work);
    }

    private <T> Mono<T> child(String name, SpanKind kind, Consumer<Span> describe, Function<Trace, Mono<T>> work) {
        Tracer sampling = tracer;
        if (sampling == null) {
            return work.apply(this);
        }
        return Mono.defer(() -> {
            Span started = started(sampling, name, kind, System.nanoTime());
            describe.accept(started);
            Trace place = new Trace(sampling, started, epochMinusNanoTime);
            AtomicBoolean ended = new AtomicBoolean();
            return work.apply(place)
                    .doOnSuccess(value -> place.end(ended, null))
                    .doOnError(error -> place.end(ended, error.getClass().getSimpleName()))
                    .doOnCancel(() -> place.end(ended, CANCELLED))
                    .contextWrite(context -> context.put(Trace.class, place));
        });
    }

    private Span started(Tracer sampling, String name, SpanKind kind, long nanoTime) {
        SpanBuilder builder = sampling.spanBuilder(name)
                .setParent(Context.root().with(span))
                .setSpanKind(kind)
                .setStartTimestamp(nanoTime + epochMinusNanoTime, TimeUnit.NANOSECONDS);
        return builder.startSpan();
    }

    private void end(AtomicBoolean ended, @Nullable String error) {
        if (ended.compareAndSet(false, true)) {
            end(error);
        }
    }

    /** Ends this place's span. An error is told by its kind alone: its text may name what a trace must not. */
    void end(@Nullable String error) {
        callEnded(error);
        end(span, error);
    }

    private void end(Span ending, @Nullable String error) {
        if (error != null) {
            ending.setStatus(StatusCode.ERROR).setAttribute(Attributes.ERROR_TYPE, error);
        }
        ending.end(System.nanoTime() + epochMinusNanoTime, TimeUnit.NANOSECONDS);
    }

    /** A stage that has ended already, by two readings of {@link System#nanoTime()}. */
    public void past(String name, long sinceNanos, long untilNanos) {
        if (tracer != null) {
            started(tracer, name, SpanKind.INTERNAL, sinceNanos)
                    .end(untilNanos + epochMinusNanoTime, TimeUnit.NANOSECONDS);
        }
    }

    /**
     * The gateway's own client begins to call a backend: that is a span of its own, which ends with this place's. Of
     * two at once, as in a repetition, the first has ended.
     *
     * @return the place of that call
     */
    Trace callStarted(String name, Consumer<Span> describe) {
        if (tracer == null) {
            return this;
        }
        callEnded(null);
        Span started = started(tracer, name, SpanKind.CLIENT, System.nanoTime());
        describe.accept(started);
        call.set(started);
        return new Trace(tracer, started, epochMinusNanoTime);
    }

    /** The backend's answer has begun. */
    void callAnswered(int status) {
        Span started = call.get();
        if (started != null) {
            Attributes.status(started, status);
        }
    }

    private void callEnded(@Nullable String error) {
        Span started = call.getAndSet(null);
        if (started != null) {
            end(started, error);
        }
    }

    Span span() {
        return span;
    }
}
