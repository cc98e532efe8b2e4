package dev.sluice.tracing;

import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanId;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceId;
import io.opentelemetry.api.trace.TraceState;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The header {@code traceparent} of W3C Trace Context, version 00. */
final class TraceParent {

    static final String HEADER = "traceparent";

    /** {@code 00-<trace id>-<span id>-<flags>}. */
    private static final int LENGTH = 55;

    private static final int TRACE_ID = 3;
    private static final int SPAN_ID = 36;
    private static final int FLAGS = 53;

    private TraceParent() {}

    /**
     * Who called, by the values of the header; null where there is none, more than one, or none that is valid. A later
     * version may have more fields, which are not read.
     */
    static @Nullable SpanContext read(List<String> values) {
        if (values.size() != 1) {
            return null;
        }
        String value = values.get(0);
        boolean known = value.startsWith("00-") ? value.length() == LENGTH : isLater(value);
        if (!known || value.charAt(SPAN_ID - 1) != '-' || value.charAt(FLAGS - 1) != '-') {
            return null;
        }
        String traceId = value.substring(TRACE_ID, SPAN_ID - 1);
        String spanId = value.substring(SPAN_ID, FLAGS - 1);
        String flags = value.substring(FLAGS, LENGTH);
        if (!TraceId.isValid(traceId) || !SpanId.isValid(spanId) || !isHex(flags)) {
            return null;
        }
        return SpanContext.createFromRemoteParent(
                traceId, spanId, TraceFlags.fromHex(flags, 0), TraceState.getDefault());
    }

    private static boolean isLater(String value) {
        return value.length() >= LENGTH
                && isHex(value.substring(0, 2))
                && !value.startsWith("ff")
                && value.charAt(2) == '-'
                && (value.length() == LENGTH || value.charAt(LENGTH) == '-');
    }

    private static boolean isHex(String text) {
        return text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    }

    static String write(SpanContext span) {
        return "00-" + span.getTraceId() + "-" + span.getSpanId() + "-"
                + (span.isSampled() ? TraceFlags.getSampled() : TraceFlags.getDefault()).asHex();
    }
}
