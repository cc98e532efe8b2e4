package dev.sluice.routes;

import org.springframework.cloud.gateway.filter.WeightCalculatorWebFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/** Keeps the routes that are in force when a request arrives for {@link LiveRoutes}, before it draws a share of a weight. */
final class RoutesAtArrival implements WebFilter, Ordered {

    private final LiveRoutes live;

    RoutesAtArrival(LiveRoutes live) {
        this.live = live;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        RouteTable now = live.table();
        return chain.filter(exchange).contextWrite(context -> context.put(RouteTable.class, now));
    }

    @Override
    public int getOrder() {
        return WeightCalculatorWebFilter.WEIGHT_CALC_FILTER_ORDER - 1;
    }
}
