package dev.sluice.routes;

import dev.sluice.operation.Operations;
import dev.sluice.routes.RouteTable.Built;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.OrderedGatewayFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** The routes and limits as they are now, for whoever wants to tell of them. Changes nothing. */
public final class RoutesInForce {

    /**
     * One route.
     *
     * @param filters all that it has, the default ones too, in the order in which they run
     */
    public record InForce(Route route, RouteDefinition definition, List<FilterDefinition> filters) {}

    private final LiveRoutes live;
    private final RouteBuilder builder;
    private final Operations atStart;

    /** @param atStart the limits before there are any routes */
    RoutesInForce(LiveRoutes live, RouteBuilder builder, Operations atStart) {
        this.live = live;
        this.builder = builder;
        this.atStart = atStart;
    }

    /** The limits that the routes keep to. */
    public Operations operations() {
        Operations now = live.table().operations();
        return now == null ? atStart : now;
    }

    /** Of the enabled routes, as they are written. */
    public List<String> ids() {
        return live.table().built().stream()
                .filter(made -> made.definition().isEnabled())
                .map(Built::id)
                .toList();
    }

    /** The enabled route of that id; null if there is none. */
    public @Nullable InForce route(String id) {
        return live.table().built().stream()
                .filter(made -> made.definition().isEnabled() && made.id().equals(id))
                .findFirst()
                .map(this::inForce)
                .orElse(null);
    }

    /** All that the enabled routes let requests pass. */
    public Stream<GatewayFilter> filters() {
        return live.table().built().stream()
                .filter(made -> made.definition().isEnabled())
                .flatMap(made -> made.route().getFilters().stream())
                .map(filter -> filter instanceof OrderedGatewayFilter ordered ? ordered.getDelegate() : filter);
    }

    /** The route that a request would take, whose predicates leave in the exchange what they found; empty if there is none. */
    public Mono<InForce> match(ServerWebExchange exchange) {
        RouteTable now = live.table();
        return now.routes()
                .concatMap(route -> Mono.from(route.getPredicate().apply(exchange))
                        .filter(Boolean.TRUE::equals)
                        .map(matches -> route))
                .next()
                .mapNotNull(route -> route(route.getId()));
    }

    /**
     * One of the route's filters alone, made anew with the limits of now.
     *
     * @param filter of Sluice's own, which announce nothing
     */
    public GatewayFilter make(FilterDefinition filter) {
        return builder.alone(filter, operations());
    }

    private InForce inForce(Built made) {
        return new InForce(made.route(), made.definition(), builder.inOrder(made.definition()));
    }
}
