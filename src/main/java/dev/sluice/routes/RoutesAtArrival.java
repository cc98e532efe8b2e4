package dev.sluice.routes;

import dev.sluice.exchange.Attribute;
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

    private static final Attribute<RouteTable> MET = Attribute.of(RouteTable.class);

    private final LiveRoutes live;

    RoutesAtArrival(LiveRoutes live) {
        this.live = live;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        RouteTable now = live.table();
        MET.set(exchange, now);
        return chain.filter(exchange).contextWrite(context -> context.put(RouteTable.class, now));
    }

    /** Whether the request met these when it arrived, or nobody has looked. */
    static boolean were(RouteTable table, ServerWebExchange exchange) {
        RouteTable met = MET.get(exchange);
        return met == null || met == table;
    }

    @Override
    public int getOrder() {
        return WeightCalculatorWebFilter.WEIGHT_CALC_FILTER_ORDER - 1;
    }
}
