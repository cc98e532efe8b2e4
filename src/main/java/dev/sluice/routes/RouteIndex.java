package dev.sluice.routes;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_PREDICATE_PATH_CONTAINER_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_PREDICATE_ROUTE_ATTR;

import dev.sluice.routes.RouteTable.Built;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.handler.predicate.GatewayPredicate;
import org.springframework.cloud.gateway.handler.predicate.PathRoutePredicateFactory;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.http.server.RequestPath;
import org.springframework.web.server.ServerWebExchange;

/** A table's routes, prepared for being looked for without a publisher for each predicate. Immutable. */
final class RouteIndex {

    /**
     * One enabled route.
     *
     * @param predicates all of which must hold; null if one of them can only be asked by the gateway itself
     * @param chain all of its filters, the global ones too
     */
    record Entry(Route route, @Nullable List<GatewayPredicate> predicates, GatewayFilterChain chain) {}

    private final RouteTable table;
    private final List<Entry> entries;
    private final PathIndex paths;

    private RouteIndex(RouteTable table, List<Entry> entries) {
        this.table = table;
        this.entries = entries;
        this.paths = new PathIndex(entries.stream().map(RouteIndex::patterns).toList());
    }

    RouteIndex(RouteTable table, Function<Route, GatewayFilterChain> chains) {
        this(
                table,
                table.enabled().stream()
                        .map(built -> new Entry(built.route(), predicates(built), chains.apply(built.route())))
                        .toList());
    }

    /** Knows no route, so that the gateway is always asked. */
    static RouteIndex empty(RouteTable table) {
        return new RouteIndex(table, List.of());
    }

    boolean isOf(RouteTable other) {
        return table == other;
    }

    /** A route's predicates are joined by the gateway, which shows the simple ones of them. */
    private static @Nullable List<GatewayPredicate> predicates(Built built) {
        List<GatewayPredicate> predicates = new ArrayList<>();
        built.route().getPredicate().accept(part -> {
            if (part instanceof GatewayPredicate predicate) {
                predicates.add(predicate);
            }
        });
        return predicates.size() == built.definition().getPredicates().size() ? List.copyOf(predicates) : null;
    }

    /** Of the route's first predicate of the path; none if it has none that is known. */
    private static List<String> patterns(Entry entry) {
        if (entry.predicates() != null) {
            for (GatewayPredicate predicate : entry.predicates()) {
                if (predicate.getConfig() instanceof PathRoutePredicateFactory.Config config) {
                    return config.getPatterns();
                }
            }
        }
        return List.of();
    }

    /**
     * The first route whose predicates hold, which leave in the exchange what they found, as the gateway would have it; null if
     * there is none, or the gateway has to be asked.
     */
    @Nullable Entry find(ServerWebExchange exchange) {
        RequestPath path = exchange.getRequest().getPath();
        if (!path.contextPath().value().isEmpty()) {
            return null;
        }
        Map<String, Object> attributes = exchange.getAttributes();
        attributes.putIfAbsent(GATEWAY_PREDICATE_PATH_CONTAINER_ATTR, path);
        try {
            for (int candidate : paths.candidates(path)) {
                Entry entry = entries.get(candidate);
                if (entry.predicates() == null) {
                    return null;
                }
                attributes.put(GATEWAY_PREDICATE_ROUTE_ATTR, entry.route().getId());
                if (holds(entry.predicates(), exchange)) {
                    return entry;
                }
            }
            return null;
        } catch (RuntimeException e) {
            // The gateway meets it again, and says what becomes of it.
            return null;
        } finally {
            attributes.remove(GATEWAY_PREDICATE_ROUTE_ATTR);
        }
    }

    private static boolean holds(List<GatewayPredicate> predicates, ServerWebExchange exchange) {
        for (GatewayPredicate predicate : predicates) {
            if (!predicate.test(exchange)) {
                return false;
            }
        }
        return true;
    }
}
