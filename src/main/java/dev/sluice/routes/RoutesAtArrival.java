package dev.sluice.routes;

import org.springframework.cloud.gateway.filter.WeightCalculatorWebFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Keeps the routes that are in force when a request arrives, for {@link LiveRoutes} and {@link DirectRoutes}, before it draws a
 * share of a weight.
 */
final class RoutesAtArrival implements WebFilter, Ordered {

    private static final String MET = RouteTable.class.getName();

    private final LiveRoutes live;

    RoutesAtArrival(LiveRoutes live) {
        this.live = live;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        RouteTable now = live.table();
        exchange.getAttributes().put(MET, now);
        return chain.filter(exchange).contextWrite(context -> context.put(RouteTable.class, now));
    }

    /** Whether the request met these when it arrived, or nobody has looked. */
    static boolean were(RouteTable table, ServerWebExchange exchange) {
        RouteTable met = exchange.getAttribute(MET);
        return met == null || met == table;
    }

    @Override
    public int getOrder() {
        return WeightCalculatorWebFilter.WEIGHT_CALC_FILTER_ORDER - 1;
    }
}
