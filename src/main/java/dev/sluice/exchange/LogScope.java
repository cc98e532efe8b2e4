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

    private final MDC.MDCCloseable request;
    private final @Nullable Scope span;

    private LogScope(MDC.MDCCloseable request, @Nullable Scope span) {
        this.request = request;
        this.span = span;
    }

    static LogScope of(String requestId, @Nullable Trace trace) {
        return new LogScope(MDC.putCloseable(REQUEST_ID, requestId), trace == null ? null : trace.current());
    }

    @Override
    public void close() {
        if (span != null) {
            span.close();
        }
        request.close();
    }
}
