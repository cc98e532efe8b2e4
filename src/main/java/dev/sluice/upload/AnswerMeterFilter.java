package dev.sluice.upload;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.NettyWriteResponseFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Counts the bytes of the backend's answers, just outside of the filter that writes them. */
final class AnswerMeterFilter implements GlobalFilter, Ordered {

    private final UploadMeters meters;

    AnswerMeterFilter(UploadMeters meters) {
        this.meters = meters;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        return chain.filter(
                Proxied.is(exchange)
                        ? exchange.mutate().response(meters.counting(exchange)).build()
                        : exchange);
    }

    @Override
    public int getOrder() {
        return NettyWriteResponseFilter.WRITE_RESPONSE_FILTER_ORDER - 1;
    }
}
