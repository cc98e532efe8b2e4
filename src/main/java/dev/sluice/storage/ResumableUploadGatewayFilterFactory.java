package dev.sluice.storage;

import dev.sluice.intent.Resumable;
import dev.sluice.intent.UploadIntent;
import dev.sluice.supabase.UploadState;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.OrderedGatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * {@code ResumableUpload}: what a resumable upload (tus 1.0.0) needs of the edge, after {@code UploadIntent=resumable}. Tells
 * the client the edge's own address for the upload that began, and lets no request bring more than is missing of the length
 * that was declared and charged when it began, whatever storage would take.
 */
public final class ResumableUploadGatewayFilterFactory extends AbstractGatewayFilterFactory<Object> {

    /** After the admission (9000), before the target is called. */
    private static final int ORDER = 9600;

    private final Locations locations;
    private final Remainders remainders;

    ResumableUploadGatewayFilterFactory(Locations locations, Remainders remainders) {
        this.locations = locations;
        this.remainders = remainders;
    }

    @Override
    public GatewayFilter apply(Object config) {
        return new OrderedGatewayFilter(
                (exchange, chain) -> switch (Resumable.ATTRIBUTE
                        .require(exchange)
                        .step()) {
                    case CREATE -> create(exchange, chain);
                    case APPEND -> append(exchange, chain);
                    case TERMINATE, STATE -> chain.filter(exchange);
                },
                ORDER);
    }

    private Mono<Void> create(ServerWebExchange exchange, GatewayFilterChain chain) {
        exchange.getResponse().beforeCommit(() -> Mono.fromRunnable(() -> locations.rewrite(exchange)));
        return chain.filter(exchange);
    }

    private Mono<Void> append(ServerWebExchange exchange, GatewayFilterChain chain) {
        UploadIntent intent = UploadIntent.ATTRIBUTE.require(exchange);
        Mono<UploadState> state = remainders.state(exchange);
        return state.doOnNext(known -> Remainders.require(known, exchange.getRequest(), intent.contentLength()))
                .then(Mono.defer(() -> chain.filter(exchange)));
    }
}
