package dev.sluice.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Secrets;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import dev.sluice.testkit.supabase.RecordedRequest;
import io.micrometer.core.instrument.MeterRegistry;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The traces of a whole edge of which every request is sampled, and of one that samples none. */
class TracesIT {

    private static final String USER = "user-of-the-traces";
    private static final String FILE = "file-of-the-traces.png";
    private static final Queue<String> COLLECTED = new ConcurrentLinkedQueue<>();

    private static HttpServer collector;
    private static Stack stack;
    private static String key;

    @BeforeAll
    static void startAll() throws IOException {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            COLLECTED.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.ISO_8859_1));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        stack = Stack.start(
                "spring.main.sources",
                Spans.class.getName(),
                "management.tracing.sampling.probability",
                "1",
                "management.opentelemetry.tracing.export.otlp.endpoint",
                "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces");
        key = stack.user(USER, 100);
    }

    @AfterAll
    static void stopAll() {
        stack.close();
        collector.stop(0);
    }

    @Test
    void tracesASignedUrlWithAllThatItAsked() {
        String traceId = newTraceId();
        String unknown = stack.user("new-" + USER, 100);

        Answer answer = stack.sign(
                Map.of("X-API-Key", unknown, "traceparent", parent(traceId, "00")), "a-" + FILE, Stack.BUCKET);

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        List<SpanData> spans = trace(traceId);
        SpanData request = request(spans);
        assertThat(request.getName()).isEqualTo("POST signed-url");
        assertThat(attributes(request))
                .containsEntry("http.request.method", "POST")
                .containsEntry("http.response.status_code", "200")
                .containsEntry("sluice.request_id", answer.header("X-Request-Id"))
                .containsEntry("sluice.operation", "signed-url")
                .containsEntry("sluice.outcome", "success");
        assertThat(children(spans, request)).contains("memory", "redis", "supabase");
        assertThat(children(spans, named(spans, "supabase"))).containsExactly("POST");
        assertThat(attributes(named(spans, "POST")))
                .containsEntry("http.response.status_code", "200")
                .containsEntry("server.address", "127.0.0.1");
        assertThat(attributes(named(spans, "EVALSHA admit")))
                .containsEntry("db.system.name", "redis")
                .containsEntry("db.stored_procedure.name", "admit")
                .containsEntry("server.port", Integer.toString(stack.redis().port()));
        assertThat(attributes(named(spans, "POST edge_facts")))
                .containsEntry("db.stored_procedure.name", "edge_facts")
                .containsEntry("http.response.status_code", "200");
        assertIsATreeWithoutSecrets(spans);
        assertThat(spans.toString()).doesNotContain(unknown);
        RecordedRequest asked = Objects.requireNonNull(stack.supabase().lastRequest("storage.sign-upload"));
        assertThat(asked.header("traceparent"))
                .isEqualTo("00-" + traceId + "-" + named(spans, "POST").getSpanId() + "-01");
        await("the spans at the collector")
                .untilAsserted(() -> assertThat(COLLECTED)
                        .anyMatch(sent -> sent.contains("EVALSHA admit") && sent.contains("POST signed-url")));
    }

    @Test
    void tracesAnUploadAsFarAsItsBackend() {
        String traceId = newTraceId();
        HttpRequest upload = HttpRequest.newBuilder(
                        URI.create(stack.edge().url() + "/v1/upload/" + Stack.BUCKET + "/" + FILE))
                .header("X-API-Key", key)
                .header("Content-Type", "image/png")
                .header("traceparent", parent(traceId, "01"))
                .header("tracestate", "vendor=opaque")
                .header("baggage", "userId=of-somebody-else")
                .POST(BodyPublishers.ofByteArray(new byte[20_000]))
                .build();

        assertThat(stack.send(upload).status()).isEqualTo(200);

        List<SpanData> spans = trace(traceId);
        assertThat(request(spans).getName()).isEqualTo("POST upload");
        SpanData call = spans.stream()
                .filter(span ->
                        span.getKind() == SpanKind.CLIENT && span.getName().equals("POST"))
                .findFirst()
                .orElseThrow();
        assertThat(attributes(call))
                .containsEntry("http.response.status_code", "200")
                .containsEntry("server.address", "127.0.0.1");
        assertThat(call.getParentSpanId()).isEqualTo(named(spans, "supabase").getSpanId());
        assertIsATreeWithoutSecrets(spans);
        RecordedRequest stored = Objects.requireNonNull(stack.supabase().lastRequest("storage.upload"));
        assertThat(stored.header("traceparent")).isEqualTo("00-" + traceId + "-" + call.getSpanId() + "-01");
        assertThat(stored.header("tracestate")).isEqualTo("vendor=opaque");
        assertThat(stored.headers()).doesNotContainKey("baggage");
    }

    @Test
    void passesNoStateOnWithATraceThatItDoesNotBelongTo() {
        HttpRequest upload = HttpRequest.newBuilder(
                        URI.create(stack.edge().url() + "/v1/upload/" + Stack.BUCKET + "/stray-" + FILE))
                .header("X-API-Key", key)
                .header("Content-Type", "image/png")
                .header("tracestate", "vendor=opaque")
                .POST(BodyPublishers.ofByteArray(new byte[20]))
                .build();

        assertThat(stack.send(upload).status()).isEqualTo(200);

        RecordedRequest stored = Objects.requireNonNull(stack.supabase().lastRequest("storage.upload"));
        assertThat(stored.headers()).containsKey("traceparent").doesNotContainKey("tracestate");
    }

    /** A parent that is none, or of which there are two: W3C has a new trace begin, without the state of either. */
    @Test
    void passesNoStateOnWhereTheParentCannotBeContinued() {
        String one = parent(newTraceId(), "01");
        for (List<String> parents : List.of(List.of("00-nonsense-01"), List.of(one, parent(newTraceId(), "01")))) {
            HttpRequest.Builder upload = HttpRequest.newBuilder(URI.create(
                            stack.edge().url() + "/v1/upload/" + Stack.BUCKET + "/of-" + parents.size() + FILE))
                    .header("X-API-Key", key)
                    .header("Content-Type", "image/png")
                    .header("tracestate", "vendor=opaque")
                    .POST(BodyPublishers.ofByteArray(new byte[20]));
            parents.forEach(parent -> upload.header("traceparent", parent));

            Answer stored = stack.send(upload.build());

            assertThat(stored.status()).as(stored.body()).isEqualTo(200);
            RecordedRequest sent = Objects.requireNonNull(stack.supabase().lastRequest("storage.upload"));
            assertThat(sent.headers()).containsKey("traceparent").doesNotContainKey("tracestate");
            assertThat(sent.header("traceparent")).doesNotContain("nonsense", one.substring(3, 35));
        }
    }

    @Test
    void tracesARefusalThatIsNoErrorOfOurs() {
        String traceId = newTraceId();

        Answer refused =
                stack.sign(Map.of("X-API-Key", key, "traceparent", parent(traceId, "01")), FILE, "bucket-of-others");

        assertThat(refused.code()).isEqualTo("BUCKET_ACCESS_DENIED");
        List<SpanData> spans = trace(traceId);
        assertThat(attributes(request(spans)))
                .containsEntry("sluice.outcome", "BUCKET_ACCESS_DENIED")
                .containsEntry("http.response.status_code", "403");
        assertThat(request(spans).getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
        assertThat(children(spans, request(spans))).contains("memory", "redis").doesNotContain("supabase");
        assertIsATreeWithoutSecrets(spans);
    }

    @Test
    void leavesAnExemplarOfASampledRequest() {
        String traceId = newTraceId();
        stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/usage"))
                .header("X-API-Key", key)
                .header("traceparent", parent(traceId, "00"))
                .build());
        trace(traceId);

        String scrape = stack.send(HttpRequest.newBuilder(URI.create(
                                "http://127.0.0.1:" + stack.edge().managementPort() + "/actuator/prometheus"))
                        .header("Accept", "application/openmetrics-text; version=1.0.0")
                        .build())
                .body();

        assertThat(scrape.lines()
                        .filter(line -> line.startsWith("api_response_time_seconds_bucket"))
                        .filter(line -> line.contains("operation=\"usage\"")))
                .anyMatch(line -> line.contains("trace_id=\"" + traceId + "\""));
    }

    @Test
    void makesNoSpanOfARequestThatIsNotSampled() {
        String traceId = newTraceId();
        String sent = parent(traceId, "01");
        try (Edge unsampled = Edge.start(
                stack.redis(),
                stack.supabase(),
                "spring.main.sources",
                Spans.class.getName(),
                "management.tracing.sampling.probability",
                "0")) {
            Answer answer = stack.send(HttpRequest.newBuilder(
                            URI.create(unsampled.url() + "/v1/upload/" + Stack.BUCKET + "/unsampled.png"))
                    .header("X-API-Key", key)
                    .header("Content-Type", "image/png")
                    .header("traceparent", sent)
                    .header("baggage", "a=b")
                    .POST(BodyPublishers.ofByteArray(new byte[100]))
                    .build());

            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            RecordedRequest stored = Objects.requireNonNull(stack.supabase().lastRequest("storage.upload"));
            assertThat(stored.header("traceparent")).matches("00-" + traceId + "-[0-9a-f]{16}-00");
            assertThat(stored.headers()).doesNotContainKey("baggage");
            assertThat(unsampled.bean(Spans.class).all(unsampled.bean(SdkTracerProvider.class)))
                    .isEmpty();
            await("the end of the request")
                    .untilAsserted(() -> assertThat(unsampled
                                    .bean(MeterRegistry.class)
                                    .find("api.response_time")
                                    .timers())
                            .hasSize(1));
            assertThat(unsampled
                            .bean(MeterRegistry.class)
                            .find("http.server.requests")
                            .timers())
                    .as("observations")
                    .allMatch(
                            timer -> String.valueOf(timer.getId().getTag("uri")).startsWith("/actuator"));
        }
    }

    @Test
    void tracesARequestThatRedisDoesNotAnswer() {
        assertThat(stack.sign(key, "before-" + FILE).status()).isEqualTo(200);
        stack.redis().kill();
        try {
            String traceId = newTraceId();

            Answer answer = stack.sign(
                    Map.of("X-API-Key", key, "traceparent", parent(traceId, "00")), "away-" + FILE, Stack.BUCKET);

            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            List<SpanData> spans = trace(traceId);
            assertThat(named(spans, "redis").getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
            assertThat(children(spans, request(spans))).contains("database", "supabase");
            assertThat(named(spans, "POST reserve_quota").getKind()).isEqualTo(SpanKind.CLIENT);
            assertIsATreeWithoutSecrets(spans);
        } finally {
            stack.redis().restart();
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(
                                    stack.health().json().path("status").asString(""))
                            .isEqualTo("UP"));
        }
    }

    private static List<SpanData> trace(String traceId) {
        return stack.edge().bean(Spans.class).awaitTrace(stack.edge().bean(SdkTracerProvider.class), traceId);
    }

    private static void assertIsATreeWithoutSecrets(List<SpanData> spans) {
        SpanData request = request(spans);
        assertThat(spans).filteredOn(Spans::isRequest).hasSize(1);
        assertThat(spans).filteredOn(span -> !Spans.isRequest(span)).allSatisfy(span -> {
            SpanData parent = spans.stream()
                    .filter(other -> other.getSpanId().equals(span.getParentSpanId()))
                    .findFirst()
                    .orElseThrow(() -> new AssertionError(span.getName() + " has no parent"));
            assertThat(span.getStartEpochNanos()).isGreaterThanOrEqualTo(parent.getStartEpochNanos());
            assertThat(span.getEndEpochNanos()).isLessThanOrEqualTo(request.getEndEpochNanos());
            assertThat(span.getEndEpochNanos()).isGreaterThanOrEqualTo(span.getStartEpochNanos());
        });
        String told = spans.stream()
                .map(span -> span.getName() + span.getAttributes() + span.getStatus() + span.getEvents())
                .collect(Collectors.joining("\n"));
        assertThat(told)
                .doesNotContain(USER, key, FILE, Stack.BUCKET, "bucket-of-others", "somebody-else", "/object", "/v1/");
        Secrets.ofThisRun().assertNotIn(told);
    }

    private static SpanData request(List<SpanData> spans) {
        return spans.stream().filter(Spans::isRequest).findFirst().orElseThrow();
    }

    private static SpanData named(List<SpanData> spans, String name) {
        return spans.stream()
                .filter(span -> span.getName().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no span " + name + " in " + spans));
    }

    private static List<String> children(List<SpanData> spans, SpanData parent) {
        return spans.stream()
                .filter(span -> span.getParentSpanId().equals(parent.getSpanId()))
                .map(SpanData::getName)
                .toList();
    }

    private static Map<String, String> attributes(SpanData span) {
        return span.getAttributes().asMap().entrySet().stream()
                .collect(Collectors.toMap(entry -> entry.getKey().getKey(), entry -> String.valueOf(entry.getValue())));
    }

    private static String parent(String traceId, String flags) {
        return "00-" + traceId + "-b7ad6b7169203331-" + flags;
    }

    private static String newTraceId() {
        byte[] random = new byte[16];
        ThreadLocalRandom.current().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
