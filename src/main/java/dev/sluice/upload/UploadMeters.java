package dev.sluice.upload;

import dev.sluice.admission.Admission;
import dev.sluice.exchange.Attribute;
import dev.sluice.intent.UploadIntent;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Counts the bytes of proxied uploads and of their answers. */
final class UploadMeters {

    private static final Attribute<UploadMeter> METER = Attribute.of(UploadMeter.class);

    private final Counter in;
    private final Counter out;
    private final Counter avoided;

    UploadMeters(MeterRegistry registry) {
        in = counter(registry, "in");
        out = counter(registry, "out");
        avoided = Counter.builder("sluice.upload.bytes_avoided")
                .description("Bytes of uploads that were refused from their headers, and not read")
                .register(registry);
    }

    private static Counter counter(MeterRegistry registry, String direction) {
        return Counter.builder("sluice.upload.bytes")
                .description("Bytes of proxied bodies: in from clients to the backend, out in its answers")
                .baseUnit("bytes")
                .tag("direction", direction)
                .register(registry);
    }

    /** The meter of this request's body, one for all attempts to send it. */
    UploadMeter meter(ServerWebExchange exchange) {
        UploadMeter meter = METER.get(exchange);
        if (meter == null) {
            HttpHeaders headers = exchange.getRequest().getHeaders();
            meter = new UploadMeter(
                    headers.getContentLength() > 0 || headers.containsHeader(HttpHeaders.TRANSFER_ENCODING),
                    UploadIntent.ATTRIBUTE.require(exchange).contentLength(),
                    Admission.of(exchange).maxSize(),
                    in);
            METER.set(exchange, meter);
        }
        return meter;
    }

    /** The request was refused. */
    void refused(ServerWebExchange exchange) {
        UploadMeter meter = METER.get(exchange);
        long declared = exchange.getRequest().getHeaders().getContentLength();
        if (declared > 0 && (meter == null || meter.end() == 0)) {
            avoided.increment(declared);
        }
    }

    /** The response, which counts what a proxied request with an {@link UploadIntent} is answered. */
    ServerHttpResponse counting(ServerWebExchange exchange) {
        return new ServerHttpResponseDecorator(exchange.getResponse()) {
            @Override
            public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
                return super.writeWith(METER.get(exchange) == null ? body : counted(body));
            }

            @Override
            public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
                return super.writeAndFlushWith(
                        METER.get(exchange) == null ? body : Flux.from(body).map(this::counted));
            }

            private Publisher<? extends DataBuffer> counted(Publisher<? extends DataBuffer> body) {
                return Flux.from(body).doOnNext(buffer -> out.increment(buffer.readableByteCount()));
            }
        };
    }
}
