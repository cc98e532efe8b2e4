package dev.sluice.intent;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ORIGINAL_REQUEST_URL_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_PREDICATE_MATCHED_PATH_ATTR;

import dev.sluice.caller.Caller;
import dev.sluice.caller.SignedUpload;
import dev.sluice.exchange.RequestContext;
import dev.sluice.problem.Problem;
import jakarta.validation.constraints.NotNull;
import java.net.URI;
import java.util.LinkedHashSet;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * {@code UploadIntent=body|batch|path|object|resumable}: sets {@link UploadIntent#ATTRIBUTE} from a JSON body,
 * {@link UploadBatch#ATTRIBUTE} from one that lists several uploads, or the first from the request's path and headers, from
 * its path alone, or from the headers of a resumable upload, which has {@link Resumable#ATTRIBUTE} as well. With an object
 * prefix configured, {@code Authenticate} must stand before it.
 */
public final class UploadIntentGatewayFilterFactory
        extends AbstractGatewayFilterFactory<UploadIntentGatewayFilterFactory.Config> {

    /** Where a request says what it asks for. */
    public enum Source {
        BODY,
        PATH,
        BATCH,
        /** The path, for requests whose body is none of an object. */
        OBJECT,
        /** The headers and path of a resumable upload. */
        RESUMABLE
    }

    /** @param from the filter's only argument */
    @Validated
    public record Config(
            @NotNull(
                    message =
                            "UploadIntent needs body, batch, path, object or resumable, for example UploadIntent=body")
            Source from) {}

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

    /** What it throws fails the request: the gateway calls a filter within a publisher. */
    private Mono<Void> proceed(Source from, ServerWebExchange exchange, GatewayFilterChain chain) {
        return switch (from) {
            case BODY ->
                body.read(exchange.getRequest(), filename -> place(exchange, filename))
                        .flatMap(intent -> proceed(intent, exchange, chain));
            case PATH -> proceed(fromPath(exchange, PathIntent::read), exchange, chain);
            case OBJECT -> {
                UnreadBody.ATTRIBUTE.set(exchange, new UnreadBody());
                yield proceed(fromPath(exchange, PathIntent::readObject), exchange, chain);
            }
            case RESUMABLE -> proceed(resumable(exchange), exchange, chain);
            case BATCH -> Mono.error(new IllegalStateException("A batch is no single upload"));
        };
    }

    private static Mono<Void> proceed(UploadIntent intent, ServerWebExchange exchange, GatewayFilterChain chain) {
        UploadIntent.ATTRIBUTE.set(exchange, intent);
        return chain.filter(exchange);
    }

    private String place(ServerWebExchange exchange, String filename) {
        return prefix.isEmpty() ? filename : prefix.applyTo(filename, userId(exchange));
    }

    @FunctionalInterface
    private interface PathReader {
        UploadIntent read(ServerHttpRequest request, String pattern, URI sent);
    }

    private UploadIntent fromPath(ServerWebExchange exchange, PathReader reader) {
        UploadIntent intent = reader.read(exchange.getRequest(), pattern(exchange), sent(exchange));
        require(intent.object(), exchange);
        return intent;
    }

    private UploadIntent resumable(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        Resumable resumable =
                new Resumable(ResumableIntent.step(request), request.getURI().getRawPath());
        UploadIntent intent = ResumableIntent.read(request, resumable.step());
        require(intent.object(), exchange);
        Resumable.ATTRIBUTE.set(exchange, resumable);
        return intent;
    }

    /** What every object must be that is named in a path or a header. */
    private void require(ObjectPath object, ServerWebExchange exchange) {
        requireSigned(exchange, object);
        if (!prefix.isEmpty()) {
            prefix.require(object.path(), userId(exchange));
        }
    }

    /** A token that was verified is good for its object only; storage would say the same after the body. */
    private static void requireSigned(ServerWebExchange exchange, ObjectPath object) {
        SignedUpload signed = SignedUpload.ATTRIBUTE.get(exchange);
        if (signed != null && !signed.object().equals(object.decoded())) {
            throw Problem.invalid(
                            "token",
                            "Invalid signature",
                            "The token is for another object: upload to the URL that it came with")
                    .exception();
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
