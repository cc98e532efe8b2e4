package dev.sluice.routes;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_HANDLER_MAPPER_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_REACTOR_CONTEXT_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.handler.RoutePredicateHandlerMapping;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.context.ApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.web.cors.reactive.CorsUtils;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.function.server.support.RouterFunctionMapping;
import org.springframework.web.reactive.result.method.AbstractHandlerMethodMapping;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * The short way from the last web filter to a route's filters. Spring's dispatcher asks each of its mappings, and the gateway's
 * asks each route, with several publishers for each question; here these are plain calls. What cannot be answered for sure goes
 * the long way, which says the same: no route, a predicate that is a publisher, CORS of the gateway's own, API versions, routes
 * that are just being changed, and all where something in the dispatcher comes before the routes.
 */
final class DirectRoutes implements WebFilter, Ordered {

    private static final String MAPPING = RoutePredicateHandlerMapping.class.getSimpleName();

    private final ApplicationContext edge;
    private final LiveRoutes live;
    private final Function<Route, GatewayFilterChain> chains;
    private final Supplier<List<HandlerMapping>> mappings;
    private final boolean cors;
    private volatile @Nullable RouteIndex index;

    /**
     * @param edge whose requests are led to routes; those of the management port are another's
     * @param chains all filters of a route
     * @param mappings the dispatcher's, in their order, as they are when the first request comes
     * @param cors whether the gateway itself answers for CORS on all routes
     */
    DirectRoutes(
            ApplicationContext edge,
            LiveRoutes live,
            Function<Route, GatewayFilterChain> chains,
            Supplier<List<HandlerMapping>> mappings,
            boolean cors) {
        this.edge = edge;
        this.live = live;
        this.chains = chains;
        this.mappings = mappings;
        this.cors = cors;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        RouteIndex.Entry found = find(exchange);
        if (found == null) {
            return chain.filter(exchange);
        }
        exchange.getAttributes().put(GATEWAY_HANDLER_MAPPER_ATTR, MAPPING);
        exchange.getAttributes().put(GATEWAY_ROUTE_ATTR, found.route());
        return Mono.deferContextual(context -> {
            exchange.getAttributes().put(GATEWAY_REACTOR_CONTEXT_ATTR, context);
            return found.chain().filter(exchange);
        });
    }

    /** The route's entry; null if the long way has to be gone. */
    RouteIndex.@Nullable Entry find(ServerWebExchange exchange) {
        RouteTable table = live.settled();
        return table == null
                        || !isOf(edge, exchange)
                        || !RoutesAtArrival.were(table, exchange)
                        || CorsUtils.isPreFlightRequest(exchange.getRequest())
                ? null
                : index(table).find(exchange);
    }

    private static boolean isOf(ApplicationContext edge, ServerWebExchange exchange) {
        ApplicationContext asked = exchange.getApplicationContext();
        return asked == null || asked == edge;
    }

    private RouteIndex index(RouteTable table) {
        RouteIndex known = index;
        if (known == null || !known.isOf(table)) {
            known = isShort(table) ? new RouteIndex(table, chains) : RouteIndex.empty(table);
            index = known;
        }
        return known;
    }

    private boolean isShort(RouteTable table) {
        return !cors
                && table.enabled().stream()
                        .noneMatch(built -> built.route().getMetadata().containsKey("cors"))
                && areFirst(mappings.get());
    }

    /** Whether all mappings before that of the routes have nothing to map. */
    private static boolean areFirst(List<HandlerMapping> mappings) {
        for (HandlerMapping mapping : mappings) {
            if (mapping instanceof RoutePredicateHandlerMapping routes) {
                return routes.getApiVersionStrategy() == null;
            }
            boolean empty = mapping instanceof RouterFunctionMapping functions && functions.getRouterFunction() == null
                    || mapping instanceof AbstractHandlerMethodMapping<?> methods
                            && methods.getHandlerMethods().isEmpty();
            if (!empty) {
                return false;
            }
        }
        return false;
    }

    /** After every other web filter. */
    @Override
    public int getOrder() {
        return Ordered.LOWEST_PRECEDENCE;
    }
}
