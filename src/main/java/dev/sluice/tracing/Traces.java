package dev.sluice.tracing;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.trace.IdGenerator;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/**
 * Decides which requests are traced. Ours is the decision: neither a {@code traceparent}'s flag nor its trace id, which
 * its sender chooses, has a part in it, unless the neighbours that send it are trusted. The trace id is continued in
 * any case.
 */
public final class Traces {

    private static final long NANOS_PER_SECOND = TimeUnit.SECONDS.toNanos(1);

    private final Tracer tracer;
    private final double probability;
    private final boolean trustParent;
    private final Clock clock;

    /**
     * @param probability from 0 to 1; 0 where spans would go nowhere
     * @param trustParent whether the sender's {@code sampled} is followed, both ways
     */
    Traces(Tracer tracer, double probability, boolean trustParent, Clock clock) {
        this.tracer = tracer;
        this.probability = probability;
        this.trustParent = trustParent;
        this.clock = clock;
    }

    /** The trace of a request that has just arrived; null if it is not sampled and continues none. */
    public @Nullable Trace begin(HttpHeaders headers) {
        SpanContext parent = headers.containsHeader(TraceParent.HEADER)
                ? TraceParent.read(headers.getOrEmpty(TraceParent.HEADER))
                : null;
        if (!isSampled(parent)) {
            return parent == null ? null : Trace.passedOn(Span.wrap(unsampled(parent)));
        }
        long nanoTime = System.nanoTime();
        Instant now = clock.instant();
        long epochNanos = now.getEpochSecond() * NANOS_PER_SECOND + now.getNano();
        SpanBuilder request = tracer.spanBuilder("HTTP")
                .setSpanKind(SpanKind.SERVER)
                .setParent(parent == null ? Context.root() : Context.root().with(Span.wrap(parent)))
                .setStartTimestamp(epochNanos, TimeUnit.NANOSECONDS);
        return Trace.sampled(tracer, request.startSpan(), epochNanos - nanoTime);
    }

    private boolean isSampled(@Nullable SpanContext parent) {
        if (probability <= 0) {
            return false;
        }
        return trustParent && parent != null
                ? parent.isSampled()
                : ThreadLocalRandom.current().nextDouble() < probability;
    }

    /** Who clears the flag is the caller from here on, and says so with an id of its own (W3C Trace Context 1, 3.5). */
    private static SpanContext unsampled(SpanContext parent) {
        return parent.isSampled()
                ? SpanContext.create(
                        parent.getTraceId(),
                        IdGenerator.random().generateSpanId(),
                        TraceFlags.getDefault(),
                        TraceState.getDefault())
                : parent;
    }
}
