package dev.sluice.idempotency;

import dev.sluice.exchange.RequestContext;
import org.reactivestreams.Publisher;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Keeps the successful answer of a request that holds a record, before the client has it. */
final class AnswerKeeper implements GlobalFilter, Ordered {

    /** Before the gateway's own filter that writes a proxied answer, at -1. */
    static final int ORDER = -100;

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        boolean mayBeKept = HttpMethod.POST.equals(exchange.getRequest().getMethod())
                && exchange.getRequest().getHeaders().containsHeader(IdempotencyKey.HEADER);
        return mayBeKept
                ? chain.filter(exchange.mutate().response(new Kept(exchange)).build())
                : chain.filter(exchange);
    }

    @Override
    public int getOrder() {
        return ORDER;
    }

    /** Looks, when the answer is written, whether it is to be kept. */
    private static final class Kept extends ServerHttpResponseDecorator {

        private final ServerWebExchange exchange;

        Kept(ServerWebExchange exchange) {
            super(exchange.getResponse());
            this.exchange = exchange;
        }

        @Override
        public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
            Recording recording = Recording.ATTRIBUTE.get(exchange);
            HttpStatusCode status = getStatusCode();
            long length = getHeaders().getContentLength();
            if (recording == null
                    || status == null
                    || !status.is2xxSuccessful()
                    || length > StoredAnswer.MAX_BODY_BYTES) {
                return super.writeWith(body);
            }
            return length < 0 ? keepIfEmpty(recording, status, body) : keepThenWrite(recording, status, body);
        }

        /** Of unknown length, as storage's answer to the beginning of a resumable upload is. */
        private Mono<Void> keepIfEmpty(
                Recording recording, HttpStatusCode status, Publisher<? extends DataBuffer> body) {
            return super.writeWith(Flux.<DataBuffer>from(body)
                    .switchOnFirst((first, all) -> first.isOnComplete()
                            ? keep(recording, status, new byte[0]).thenMany(all)
                            : all));
        }

        private Mono<Void> keepThenWrite(
                Recording recording, HttpStatusCode status, Publisher<? extends DataBuffer> body) {
            ServerHttpResponse response = getDelegate();
            return DataBufferUtils.join(Flux.from(body), StoredAnswer.MAX_BODY_BYTES)
                    .map(Kept::bytes)
                    .defaultIfEmpty(new byte[0])
                    .flatMap(bytes -> keep(recording, status, bytes)
                            .then(Mono.defer(() -> response.writeWith(Mono.fromSupplier(
                                    () -> response.bufferFactory().wrap(bytes))))));
        }

        private Mono<Void> keep(Recording recording, HttpStatusCode status, byte[] body) {
            return recording.keep(
                    StoredAnswer.of(status, getHeaders(), body),
                    RequestContext.of(exchange).answerLife());
        }

        private static byte[] bytes(DataBuffer buffer) {
            try {
                byte[] bytes = new byte[buffer.readableByteCount()];
                buffer.read(bytes);
                return bytes;
            } finally {
                DataBufferUtils.release(buffer);
            }
        }
    }
}
