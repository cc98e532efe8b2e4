package dev.sluice.idempotency;

import dev.sluice.exchange.RequestContext;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.reactivestreams.Publisher;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Keeps the successful answer of a request that holds a record, before the client has it. One that is too large is passed on
 * and its record let go: nothing is under way any more.
 */
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
            if (recording == null || status == null || !status.is2xxSuccessful()) {
                return super.writeWith(body);
            }
            return getHeaders().getContentLength() > StoredAnswer.MAX_BODY_BYTES
                    ? recording.letGo().then(super.writeWith(body))
                    : super.writeWith(kept(recording, status, Flux.from(body)));
        }

        @Override
        public Mono<Void> writeAndFlushWith(Publisher<? extends Publisher<? extends DataBuffer>> body) {
            Recording recording = Recording.ATTRIBUTE.get(exchange);
            HttpStatusCode status = getStatusCode();
            return recording == null || status == null || !status.is2xxSuccessful()
                    ? super.writeAndFlushWith(body)
                    : recording.letGo().then(super.writeAndFlushWith(body));
        }

        /** Nothing of the answer passes before it is kept, or has become too large for that. */
        private Flux<DataBuffer> kept(Recording recording, HttpStatusCode status, Flux<? extends DataBuffer> body) {
            AtomicLong size = new AtomicLong();
            return body.cast(DataBuffer.class)
                    .bufferUntil(buffer -> size.addAndGet(buffer.readableByteCount()) > StoredAnswer.MAX_BODY_BYTES)
                    .defaultIfEmpty(List.of())
                    .switchOnFirst((first, parts) -> {
                        if (first.isOnError()) {
                            return parts.flatMapIterable(part -> part);
                        }
                        if (size.get() > StoredAnswer.MAX_BODY_BYTES) {
                            return recording.letGo().thenMany(parts.flatMapIterable(part -> part));
                        }
                        return parts.concatMap(whole -> keep(recording, status, whole));
                    })
                    .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
        }

        private Flux<DataBuffer> keep(Recording recording, HttpStatusCode status, List<DataBuffer> whole) {
            byte[] bytes = whole.isEmpty()
                    ? new byte[0]
                    : bytes(getDelegate().bufferFactory().join(whole));
            return recording
                    .keep(
                            StoredAnswer.of(status, getHeaders(), bytes),
                            RequestContext.of(exchange).answerLife())
                    .thenMany(
                            bytes.length == 0
                                    ? Flux.<DataBuffer>empty()
                                    : Flux.defer(() -> Flux.just(
                                            getDelegate().bufferFactory().wrap(bytes))));
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
