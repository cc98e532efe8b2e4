package dev.sluice.intent;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import java.util.Locale;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * {@code ObjectNames=<paths|prefixes>}: counts the names of a batch in storage's own JSON body, which is the request's cost,
 * and sends the body on as it was read. With an object prefix configured, each name must begin with it, and
 * {@code Authenticate} must stand before.
 */
public final class ObjectNamesGatewayFilterFactory
        extends AbstractGatewayFilterFactory<ObjectNamesGatewayFilterFactory.Config> {

    /** 1,000 names of 250 bytes. */
    static final int MAX_BODY_BYTES = 256 * 1024;

    /** What the names are called. */
    public enum Field {
        /** When they are signed. */
        PATHS,
        /** When they are removed; they are whole names all the same. */
        PREFIXES
    }

    /** @param field the filter's only argument */
    @Validated
    public record Config(
            @NotNull(message = "ObjectNames needs paths or prefixes, for example ObjectNames=paths") Field field) {}

    private final BodyIntent body;
    private final ObjectPrefix prefix;

    ObjectNamesGatewayFilterFactory(BodyIntent body, ObjectPrefix prefix) {
        super(Config.class);
        this.body = body;
        this.prefix = prefix;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("field");
    }

    @Override
    public GatewayFilter apply(Config config) {
        String field = config.field().name().toLowerCase(Locale.ROOT);
        return (exchange, chain) -> Mono.defer(() -> body.body(exchange.getRequest(), MAX_BODY_BYTES))
                .flatMap(bytes -> {
                    List<String> names = NamesJson.parse(bytes, field);
                    if (!prefix.isEmpty()) {
                        String userId = Caller.ATTRIBUTE.require(exchange).userId();
                        names.forEach(name -> prefix.require(name, userId));
                    }
                    RequestContext.of(exchange).cost(names.size());
                    return chain.filter(again(exchange, bytes));
                });
    }

    private static ServerWebExchange again(ServerWebExchange exchange, byte[] body) {
        DataBufferFactory buffers = exchange.getResponse().bufferFactory();
        ServerHttpRequest request = exchange.getRequest()
                .mutate()
                .headers(headers -> {
                    headers.remove(HttpHeaders.TRANSFER_ENCODING);
                    headers.setContentLength(body.length);
                })
                .build();
        return exchange.mutate()
                .request(new ServerHttpRequestDecorator(request) {
                    @Override
                    public Flux<DataBuffer> getBody() {
                        return Flux.defer(() -> Flux.just(buffers.wrap(body)));
                    }
                })
                .build();
    }
}
