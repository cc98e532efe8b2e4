package dev.sluice.tracing;

import io.opentelemetry.api.trace.Span;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a request when it has ended.
 *
 * @param method as the client sent it
 * @param requestId of its answer's {@code X-Request-Id}
 * @param route the route's id; null if none matched
 * @param operation null if no filter named it
 * @param outcome as in the metric {@code api.response_time}
 * @param status of the answer; null if there was none
 */
public record RequestFacts(
        String method,
        String requestId,
        @Nullable String route,
        @Nullable String operation,
        String outcome,
        @Nullable Integer status) {

    private static final int SERVER_ERROR = 500;

    /** Ends the request's own span. What a client did wrong is no error of this server. */
    public void end(Trace trace) {
        if (!trace.isSampled()) {
            return;
        }
        Span span = trace.span();
        String known = Attributes.method(method);
        span.updateName(route == null ? known : known + " " + route);
        span.setAttribute(Attributes.METHOD, known);
        span.setAttribute(Attributes.REQUEST_ID, requestId);
        span.setAttribute(Attributes.OUTCOME, outcome);
        if (route != null) {
            span.setAttribute(Attributes.ROUTE, route);
        }
        if (operation != null) {
            span.setAttribute(Attributes.OPERATION, operation);
        }
        if (status != null) {
            span.setAttribute(Attributes.STATUS, (long) status);
        }
        trace.end(status != null && status >= SERVER_ERROR ? outcome : null);
    }
}
