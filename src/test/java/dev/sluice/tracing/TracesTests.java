package dev.sluice.tracing;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.http.HttpHeaders;

/** Who decides whether a request is traced, and what is read of a {@code traceparent}. */
class TracesTests {

    private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
    private static final String SPAN_ID = "b7ad6b7169203331";
    private static final String SAMPLED = "00-" + TRACE_ID + "-" + SPAN_ID + "-01";
    private static final String UNSAMPLED = "00-" + TRACE_ID + "-" + SPAN_ID + "-00";

    @Test
    void doesNotLetTheSenderDecide() {
        Traces never = traces(0, false);
        Traces always = traces(1, false);
        Traces half = traces(0.5, false);

        assertThat(isSampled(never, SAMPLED)).isFalse();
        assertThat(isSampled(always, UNSAMPLED)).isTrue();
        assertThat(IntStream.range(0, 200).filter(i -> isSampled(half, SAMPLED)).count())
                .as("one trace id is sampled at times and at times not")
                .isBetween(1L, 199L);
    }

    @Test
    void followsASenderThatIsTrusted() {
        Traces trusting = traces(1, true);

        assertThat(isSampled(trusting, SAMPLED)).isTrue();
        assertThat(isSampled(trusting, UNSAMPLED)).isFalse();
        assertThat(isSampled(traces(0, true), SAMPLED))
                .as("without an exporter")
                .isFalse();
    }

    @Test
    void hasNoTraceOfMostRequests() {
        assertThat(traces(0, false).begin(new HttpHeaders())).isNull();
    }

    @Test
    void continuesTheTraceWhetherItIsSampledOrNot() {
        Trace passedOn = Objects.requireNonNull(traces(0, false).begin(headers(UNSAMPLED)));
        Trace cleared = Objects.requireNonNull(traces(0, false).begin(headers(SAMPLED)));
        Trace sampled = Objects.requireNonNull(traces(1, false).begin(headers(UNSAMPLED)));

        assertThat(passedOn.traceparent()).as("as it came").isEqualTo(UNSAMPLED);
        assertThat(cleared.traceparent())
                .matches("00-" + TRACE_ID + "-[0-9a-f]{16}-00")
                .doesNotContain(SPAN_ID);
        assertThat(sampled.traceparent())
                .matches("00-" + TRACE_ID + "-[0-9a-f]{16}-01")
                .doesNotContain(SPAN_ID);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "00",
                "00-" + TRACE_ID + "-" + SPAN_ID + "-1",
                "00-" + TRACE_ID + "-" + SPAN_ID + "-01-",
                "00-" + TRACE_ID + "-" + SPAN_ID + "-0G",
                "00-" + TRACE_ID + "-" + SPAN_ID + "_01",
                "00-0AF7651916CD43DD8448EB211C80319C-" + SPAN_ID + "-01",
                "00-00000000000000000000000000000000-" + SPAN_ID + "-01",
                "00-" + TRACE_ID + "-0000000000000000-01",
                "ff-" + TRACE_ID + "-" + SPAN_ID + "-01",
                "0x-" + TRACE_ID + "-" + SPAN_ID + "-01",
                "01-" + TRACE_ID + "-" + SPAN_ID + "-01x",
                "00-' or 1=1; drop table x; --aaaaaaaa-" + SPAN_ID + "-01"
            })
    void readsNothingElse(String value) {
        assertThat(TraceParent.read(List.of(value))).isNull();
    }

    @Test
    void readsALaterVersionAndNoneOfTwo() {
        SpanContext later =
                Objects.requireNonNull(TraceParent.read(List.of("01-" + TRACE_ID + "-" + SPAN_ID + "-01-what-comes")));

        assertThat(TraceParent.write(later)).isEqualTo(SAMPLED);
        assertThat(TraceParent.read(List.of(SAMPLED, SAMPLED))).isNull();
        assertThat(TraceParent.read(List.of())).isNull();
    }

    private static boolean isSampled(Traces traces, String traceparent) {
        Trace trace = traces.begin(headers(traceparent));
        return trace != null && trace.isSampled();
    }

    private static HttpHeaders headers(String traceparent) {
        HttpHeaders headers = new HttpHeaders();
        headers.add(TraceParent.HEADER, traceparent);
        return headers;
    }

    private static Traces traces(double probability, boolean trustParent) {
        return new Traces(
                SdkTracerProvider.builder()
                        .setSampler(Sampler.alwaysOn())
                        .build()
                        .get("test"),
                probability,
                trustParent,
                Clock.systemUTC());
    }
}
