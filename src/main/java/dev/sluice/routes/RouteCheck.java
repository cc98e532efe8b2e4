package dev.sluice.routes;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteDefinitionRouteLocator;
import org.springframework.cloud.gateway.support.ConfigurationService;
import reactor.core.publisher.Flux;

/** Reads every route before the first request: its id, its filters and their arguments, and its guards. */
final class RouteCheck implements SmartInitializingSingleton {

    private static final String OURS = "dev.sluice.";
    private static final String SHORTCUT_ARGUMENT = "_genkey_";

    private final GatewayProperties properties;
    private final List<RoutePredicateFactory> predicates;
    private final Map<String, GatewayFilterFactory> factories;
    private final ConfigurationService configuration;
    private final GuardRules guards;

    RouteCheck(
            GatewayProperties properties,
            List<RoutePredicateFactory> predicates,
            List<GatewayFilterFactory> factories,
            ConfigurationService configuration,
            GuardRules guards) {
        this.properties = properties;
        this.predicates = predicates;
        this.factories = factories.stream().collect(Collectors.toMap(GatewayFilterFactory::name, Function.identity()));
        this.configuration = configuration;
        this.guards = guards;
    }

    @Override
    public void afterSingletonsInstantiated() {
        if (properties.getRoutes().isEmpty()) {
            throw new RouteConfigurationException(
                    "There are no routes.",
                    "Define them under spring.cloud.gateway.server.webflux.routes, in gateway-routes.yml or the file that"
                            + " SLUICE_ROUTES names.",
                    null);
        }
        Set<String> ids = new HashSet<>();
        for (RouteDefinition route : properties.getRoutes()) {
            if (route.getId() == null || route.getId().isBlank()) {
                throw new RouteConfigurationException(
                        "The route to " + route.getUri() + " has no id.", "Give each route an id of its own.", null);
            }
            if (!ids.add(route.getId())) {
                throw new RouteConfigurationException(
                        "Two routes have the id '" + route.getId() + "'.", "Give each route an id of its own.", null);
            }
            check(route);
        }
    }

    private void check(RouteDefinition route) {
        List<FilterDefinition> filters = inOrder(route);
        for (FilterDefinition filter : filters) {
            checkArguments(route, filter);
        }
        guards.check(route, filters);
        build(route);
    }

    /** Default filters and a route's own are both numbered from 1, and the default one of two equals runs first. */
    private List<FilterDefinition> inOrder(RouteDefinition route) {
        List<FilterDefinition> defaults = properties.getDefaultFilters();
        List<FilterDefinition> own = route.getFilters();
        List<FilterDefinition> ordered = new ArrayList<>(defaults.size() + own.size());
        for (int i = 0; i < Math.max(defaults.size(), own.size()); i++) {
            if (i < defaults.size()) {
                ordered.add(defaults.get(i));
            }
            if (i < own.size()) {
                ordered.add(own.get(i));
            }
        }
        return ordered;
    }

    private void checkArguments(RouteDefinition route, FilterDefinition filter) {
        GatewayFilterFactory<?> factory = factories.get(filter.getName());
        if (factory == null) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId() + "': there is no filter " + filter.getName() + ".",
                    "Check the spelling. Sluice's own filters are: " + ownFilters() + ".",
                    null);
        }
        if (!factory.getClass().getName().startsWith(OURS)) {
            return;
        }
        Set<String> known = arguments(factory);
        int shortcuts = 0;
        for (String argument : filter.getArgs().keySet()) {
            boolean shortcut = argument.startsWith(SHORTCUT_ARGUMENT);
            shortcuts += shortcut ? 1 : 0;
            if (shortcut ? shortcuts > factory.shortcutFieldOrder().size() : !known.contains(canonical(argument))) {
                throw new RouteConfigurationException(
                        "Route '" + route.getId() + "': the filter " + filter.getName() + " has no argument "
                                + (shortcut ? "number " + shortcuts : "'" + argument + "'") + ".",
                        factory.shortcutFieldOrder().isEmpty()
                                ? "It takes none."
                                : "Its short form is " + filter.getName() + "="
                                        + String.join(",", factory.shortcutFieldOrder()) + ".",
                        null);
            }
        }
    }

    private static Set<String> arguments(GatewayFilterFactory<?> factory) {
        Class<?> config = factory.getConfigClass();
        return config.isRecord()
                ? Arrays.stream(config.getRecordComponents())
                        .map(component -> canonical(component.getName()))
                        .collect(Collectors.toSet())
                : Set.of();
    }

    private static String canonical(String name) {
        return name.replace("-", "").toLowerCase(Locale.ROOT);
    }

    private String ownFilters() {
        return factories.values().stream()
                .filter(factory -> factory.getClass().getName().startsWith(OURS))
                .map(GatewayFilterFactory::name)
                .sorted()
                .collect(Collectors.joining(", "));
    }

    /** Lets the gateway build this route alone, which it does at once, so that what it finds has the route's id. */
    private void build(RouteDefinition route) {
        List<Throwable> failures = new ArrayList<>();
        new RouteDefinitionRouteLocator(
                        () -> Flux.just(route), predicates, List.copyOf(factories.values()), properties, configuration)
                .getRoutes()
                .subscribe(made -> {}, failures::add);
        for (Throwable failure : failures) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId() + "': " + reason(failure), "Correct the route's definition.", failure);
        }
    }

    private static String reason(Throwable error) {
        StringBuilder reason = new StringBuilder(String.valueOf(error.getMessage()));
        for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
            reason.append(" <- ").append(cause.getMessage());
        }
        return reason.toString();
    }
}
