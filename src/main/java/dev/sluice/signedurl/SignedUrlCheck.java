package dev.sluice.signedurl;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Refuses a request that its route's {@code SupabaseSignedUrl} could not sign, before the admission: that filter itself runs
 * when the request has been charged.
 */
final class SignedUrlCheck implements GlobalFilter, Ordered {

    /** After the route's own filters, which are numbered from 1; before the admission at 9000. */
    static final int ORDER = 8900;

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Route route = exchange.getAttribute(GATEWAY_ROUTE_ATTR);
        if (route != null) {
            for (GatewayFilter filter : route.getFilters()) {
                if (filter instanceof SignedUrlFilter signing) {
                    signing.check(exchange);
                }
            }
        }
        return chain.filter(exchange);
    }

    @Override
    public int getOrder() {
        return ORDER;
    }
}
