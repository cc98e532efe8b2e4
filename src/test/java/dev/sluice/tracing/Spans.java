package dev.sluice.tracing;

import static org.awaitility.Awaitility.await;

import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** Keeps every span that ended. An edge has one where {@code spring.main.sources} names this class. */
public final class Spans implements SpanExporter {

    private final List<SpanData> ended = new CopyOnWriteArrayList<>();

    /** All spans of the trace, once its request's own has ended. */
    List<SpanData> awaitTrace(SdkTracerProvider provider, String traceId) {
        await("the end of trace " + traceId)
                .atMost(Duration.ofSeconds(30))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> of(provider, traceId).stream().anyMatch(Spans::isRequest));
        return of(provider, traceId);
    }

    List<SpanData> all(SdkTracerProvider provider) {
        provider.forceFlush().join(10, TimeUnit.SECONDS);
        return List.copyOf(ended);
    }

    private List<SpanData> of(SdkTracerProvider provider, String traceId) {
        return all(provider).stream()
                .filter(span -> span.getTraceId().equals(traceId))
                .toList();
    }

    static boolean isRequest(SpanData span) {
        return span.getKind() == SpanKind.SERVER;
    }

    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
        ended.addAll(spans);
        return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode flush() {
        return CompletableResultCode.ofSuccess();
    }

    @Override
    public CompletableResultCode shutdown() {
        return CompletableResultCode.ofSuccess();
    }
}
