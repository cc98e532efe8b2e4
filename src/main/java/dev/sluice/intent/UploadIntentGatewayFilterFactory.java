package dev.sluice.intent;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ORIGINAL_REQUEST_URL_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_PREDICATE_MATCHED_PATH_ATTR;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import jakarta.validation.constraints.NotNull;
import java.net.URI;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * {@code UploadIntent=body|batch|path}: sets {@link UploadIntent#ATTRIBUTE} from a JSON body, {@link UploadBatch#ATTRIBUTE}
 * from one that lists several uploads, or the first from the request's path and headers. With an object prefix configured, {@code Authenticate} must stand before it.
 */
public final class UploadIntentGatewayFilterFactory
        extends AbstractGatewayFilterFactory<UploadIntentGatewayFilterFactory.Config> {

    /** Where a request says what it asks for. */
    public enum Source {
        BODY,
        PATH,
        BATCH
    }

    /** @param from the filter's only argument */
    @Validated
    public record Config(
            @NotNull(message = "UploadIntent needs body, batch or path, for example UploadIntent=body") Source from) {}

    private final BodyIntent body;
    private final ObjectPrefix prefix;
    private final @Nullable UnknownLength unknownLength;

    UploadIntentGatewayFilterFactory(BodyIntent body, ObjectPrefix prefix, @Nullable UnknownLength unknownLength) {
        super(Config.class);
        this.body = body;
        this.prefix = prefix;
        this.unknownLength = unknownLength;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("from");
    }

    @Override
    public GatewayFilter apply(Config config) {
        if (config.from() == Source.BATCH) {
            return (exchange, chain) -> Mono.defer(
                            () -> body.readBatch(exchange.getRequest(), filename -> place(exchange, filename)))
                    .flatMap(batch -> {
                        UploadBatch.ATTRIBUTE.set(exchange, batch);
                        RequestContext.of(exchange).cost(batch.asked().size());
                        return chain.filter(exchange);
                    });
        }
        return (exchange, chain) -> config.from() == Source.PATH
                        && unknownLength != null
                        && PathIntent.hasUnknownLength(exchange.getRequest())
                ? Mono.defer(() -> {
                    require(PathIntent.object(pattern(exchange), sent(exchange)), exchange);
                    return unknownLength.resolve(exchange, known -> proceed(config.from(), known, chain));
                })
                : proceed(config.from(), exchange, chain);
    }

    private Mono<Void> proceed(Source from, ServerWebExchange exchange, GatewayFilterChain chain) {
        return intent(from, exchange).flatMap(intent -> {
            UploadIntent.ATTRIBUTE.set(exchange, intent);
            return chain.filter(exchange);
        });
    }

    private Mono<UploadIntent> intent(Source from, ServerWebExchange exchange) {
        return Mono.defer(() -> from == Source.BODY
                ? body.read(exchange.getRequest(), filename -> place(exchange, filename))
                : Mono.just(fromPath(exchange)));
    }

    private String place(ServerWebExchange exchange, String filename) {
        return prefix.isEmpty() ? filename : prefix.applyTo(filename, userId(exchange));
    }

    private UploadIntent fromPath(ServerWebExchange exchange) {
        UploadIntent intent = PathIntent.read(exchange.getRequest(), pattern(exchange), sent(exchange));
        require(intent.object(), exchange);
        return intent;
    }

    private void require(ObjectPath object, ServerWebExchange exchange) {
        if (!prefix.isEmpty()) {
            prefix.require(object.path(), userId(exchange));
        }
    }

    private static String pattern(ServerWebExchange exchange) {
        return exchange.getAttributeOrDefault(GATEWAY_PREDICATE_MATCHED_PATH_ATTR, "(none)");
    }

    /** The URI before any filter of the route rewrote it. */
    private static URI sent(ServerWebExchange exchange) {
        LinkedHashSet<URI> originals = exchange.getAttribute(GATEWAY_ORIGINAL_REQUEST_URL_ATTR);
        return originals == null || originals.isEmpty()
                ? exchange.getRequest().getURI()
                : originals.iterator().next();
    }

    private static String userId(ServerWebExchange exchange) {
        return Caller.ATTRIBUTE.require(exchange).userId();
    }
}
