package dev.sluice.exchange;

import dev.sluice.tracing.Trace;
import io.opentelemetry.context.Scope;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * While it is open, the log lines of its thread are of one request: they carry its id as the field {@code requestId},
 * and if it is sampled {@code traceId} and {@code spanId}.
 */
public final class LogScope implements AutoCloseable {

    private static final String REQUEST_ID = "requestId";

    private final @Nullable String outer;
    private final @Nullable Scope span;

    private LogScope(@Nullable String outer, @Nullable Scope span) {
        this.outer = outer;
        this.span = span;
    }

    static LogScope of(String requestId, @Nullable Trace trace) {
        String outer = MDC.get(REQUEST_ID);
        MDC.put(REQUEST_ID, requestId);
        return new LogScope(outer, trace == null ? null : trace.current());
    }

    @Override
    public void close() {
        if (span != null) {
            span.close();
        }
        if (outer == null) {
            MDC.remove(REQUEST_ID);
        } else {
            MDC.put(REQUEST_ID, outer);
        }
    }
}
