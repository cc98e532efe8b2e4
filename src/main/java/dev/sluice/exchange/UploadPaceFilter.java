package dev.sluice.exchange;

import java.util.Objects;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerRequest;

/** Watches the pace of every body that is proxied; see {@link ClientProperties}. */
public final class UploadPaceFilter implements GlobalFilter, Ordered, AutoCloseable {

    private final long wantedBytes;
    private final SharedClock clock;

    UploadPaceFilter(ClientProperties client) {
        this.wantedBytes = Math.multiplyExact(
                        client.minUploadRate().toBytes(),
                        client.minUploadWindow().toMillis())
                / 1000;
        this.clock = new SharedClock(client.minUploadWindow().dividedBy(UploadPace.TICKS));
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        ServerHttpRequest paced = paced(exchange.getRequest());
        return chain.filter(
                paced == exchange.getRequest()
                        ? exchange
                        : exchange.mutate().request(paced).build());
    }

    /** The request, whose body fails with 408 REQUEST_TIMEOUT once it came too slowly. */
    public ServerHttpRequest paced(ServerHttpRequest request) {
        HttpHeaders headers = request.getHeaders();
        boolean hasBody = headers.getContentLength() > 0 || headers.containsHeader(HttpHeaders.TRANSFER_ENCODING);
        if (wantedBytes == 0 || !hasBody) {
            return request;
        }
        return new ServerHttpRequestDecorator(request) {
            @Override
            public Flux<DataBuffer> getBody() {
                return Flux.defer(() -> new UploadPace(wantedBytes).watch(super.getBody(), clock, loop(request)));
            }
        };
    }

    private static Executor loop(ServerHttpRequest request) {
        AtomicReference<Executor> loop = new AtomicReference<>();
        HttpServerRequest server = ServerHttpRequestDecorator.getNativeRequest(request);
        server.withConnection(connection -> loop.set(connection.channel().eventLoop()));
        return Objects.requireNonNull(loop.get(), "a request without a connection");
    }

    @Override
    public void close() {
        clock.close();
    }

    /** After the target is decided on (10200), before it is called: what fails there is told as a failure of the upload. */
    @Override
    public int getOrder() {
        return 10_300;
    }
}
