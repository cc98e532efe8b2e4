package dev.sluice.routes;

import java.util.List;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.handler.FilteringWebHandler;
import org.springframework.cloud.gateway.route.Route;
import reactor.core.publisher.Mono;

/** The gateway's own handler of routes, which also tells the filters of a route as a chain that is made once. */
final class RouteChains extends FilteringWebHandler {

    RouteChains(List<GlobalFilter> globalFilters, boolean cached) {
        super(globalFilters, cached);
    }

    GatewayFilterChain of(Route route) {
        List<GatewayFilter> filters = getAllFilters(route);
        GatewayFilterChain chain = exchange -> Mono.empty();
        for (int i = filters.size() - 1; i >= 0; i--) {
            GatewayFilter filter = filters.get(i);
            GatewayFilterChain next = chain;
            chain = exchange -> Mono.defer(() -> filter.filter(exchange, next));
        }
        return chain;
    }
}
