package dev.sluice.routes;

import dev.sluice.operation.Operations;
import dev.sluice.operation.UsesOperations;
import dev.sluice.routes.RouteTable.Built;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.cloud.gateway.route.RouteDefinitionRouteLocator;
import org.springframework.cloud.gateway.support.ConfigurationService;
import reactor.core.Exceptions;
import reactor.core.publisher.Flux;

/** Makes routes of their definitions and finds every mistake: ids, predicates, filters and their arguments, guards. */
final class RouteBuilder {

    private static final String OURS = "dev.sluice.";
    private static final String SHORTCUT_ARGUMENT = "_genkey_";
    private static final Pattern INDEX = Pattern.compile("(\\[\\d+]|\\.\\d+)$");

    private final List<FilterDefinition> defaultFilters;
    private final List<RoutePredicateFactory> predicates;
    private final Map<String, GatewayFilterFactory> factories;
    private final Supplier<ConfigurationService> configurations;
    private final GuardRules guards;

    /** @param configurations makes one that publishes nothing yet: what is only tried must not be heard of */
    RouteBuilder(
            List<FilterDefinition> defaultFilters,
            List<RoutePredicateFactory> predicates,
            List<GatewayFilterFactory> factories,
            Supplier<ConfigurationService> configurations,
            GuardRules guards) {
        this.defaultFilters = List.copyOf(defaultFilters);
        this.predicates = predicates;
        this.factories = factories.stream().collect(Collectors.toMap(GatewayFilterFactory::name, Function.identity()));
        this.configurations = configurations;
        this.guards = guards;
    }

    /**
     * Changes nothing but what it returns. A route of {@code before} that is defined and limited as it was is kept, with what
     * its filters remember.
     *
     * @throws RouteConfigurationException naming the route, and the filter or predicate, that is wrong
     */
    RouteTable build(List<RouteDefinition> definitions, Operations operations, RouteTable before) {
        if (definitions.stream().noneMatch(RouteDefinition::isEnabled)) {
            throw new RouteConfigurationException(
                    "There are no routes.",
                    "Define them under spring.cloud.gateway.server.webflux.routes, in gateway-routes.yml or the file that"
                            + " SLUICE_ROUTES names.",
                    null);
        }
        checkEach(definitions);
        List<GatewayFilterFactory> limited = with(operations);
        List<Built> built = new ArrayList<>();
        for (RouteDefinition definition : definitions) {
            Built known = before.has(operations) ? before.of(definition) : null;
            built.add(known != null ? known : build(definition, limited));
        }
        return new RouteTable(built, operations);
    }

    private static void checkEach(List<RouteDefinition> definitions) {
        Set<String> ids = new HashSet<>();
        for (RouteDefinition route : definitions) {
            if (route.getId() == null || route.getId().isBlank()) {
                throw new RouteConfigurationException(
                        "The route to " + route.getUri() + " has no id.", "Give each route an id of its own.", null);
            }
            if (!ids.add(route.getId())) {
                throw new RouteConfigurationException(
                        "Two routes have the id '" + route.getId() + "'.", "Give each route an id of its own.", null);
            }
            if (route.getPredicates().isEmpty()) {
                throw new RouteConfigurationException(
                        "Route '" + route.getId() + "' has no predicates: it would match every request.",
                        "Say under predicates which requests are meant; - Path=/** is for all.",
                        null);
            }
            CorsMetadata.check(route);
        }
    }

    private List<GatewayFilterFactory> with(Operations operations) {
        return factories.values().stream()
                .map(factory -> factory instanceof UsesOperations<?> limited
                                && limited.with(operations) instanceof GatewayFilterFactory<?> bound
                        ? bound
                        : factory)
                .toList();
    }

    private Built build(RouteDefinition route, List<GatewayFilterFactory> limited) {
        List<FilterDefinition> filters = inOrder(route);
        for (FilterDefinition filter : filters) {
            checkArguments(route, filter);
        }
        guards.check(route, filters);
        return make(route, limited);
    }

    /** Default filters and a route's own are both numbered from 1, and the default one of two equals runs first. */
    List<FilterDefinition> inOrder(RouteDefinition route) {
        List<FilterDefinition> own = route.getFilters();
        List<FilterDefinition> ordered = new ArrayList<>(defaultFilters.size() + own.size());
        for (int i = 0; i < Math.max(defaultFilters.size(), own.size()); i++) {
            if (i < defaultFilters.size()) {
                ordered.add(defaultFilters.get(i));
            }
            if (i < own.size()) {
                ordered.add(own.get(i));
            }
        }
        return ordered;
    }

    /** Whether a filter of that name is Sluice's own. */
    boolean isOurs(@Nullable String filter) {
        GatewayFilterFactory<?> factory = factories.get(filter);
        return factory != null && isOurs(factory);
    }

    private static boolean isOurs(GatewayFilterFactory<?> factory) {
        return factory.getClass().getName().startsWith(OURS);
    }

    private void checkArguments(RouteDefinition route, FilterDefinition filter) {
        GatewayFilterFactory<?> factory = factories.get(filter.getName());
        if (factory == null) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId() + "': there is no filter " + filter.getName() + ".",
                    "Check the spelling. Sluice's own filters are: " + ownFilters() + ".",
                    null);
        }
        if (!isOurs(factory)) {
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

    /** The name without dashes, case and, of an item of a list, its index. */
    static String canonical(String name) {
        return INDEX.matcher(name).replaceFirst("").replace("-", "").toLowerCase(Locale.ROOT);
    }

    private String ownFilters() {
        return factories.values().stream()
                .filter(RouteBuilder::isOurs)
                .map(GatewayFilterFactory::name)
                .sorted()
                .collect(Collectors.joining(", "));
    }

    private Built make(RouteDefinition route, List<GatewayFilterFactory> limited) {
        List<Object> announcements = new ArrayList<>();
        try {
            return new Built(route, tryOut(route, defaultFilters, limited, announcements), List.copyOf(announcements));
        } catch (RuntimeException e) {
            throw new RouteConfigurationException(
                    "Route '" + route.getId() + "'" + part(route, limited),
                    "Correct the route's definition.",
                    Reasons.of(e),
                    e);
        }
    }

    /** Which part of a route cannot be made; empty if each can by itself. */
    private String part(RouteDefinition route, List<GatewayFilterFactory> limited) {
        for (PredicateDefinition predicate : route.getPredicates()) {
            RouteDefinition alone = alone(String.valueOf(route.getId()));
            alone.setPredicates(List.of(predicate));
            if (!canBeMade(alone, limited)) {
                return ", predicate " + predicate.getName();
            }
        }
        for (FilterDefinition filter : inOrder(route)) {
            RouteDefinition alone = alone(String.valueOf(route.getId()));
            alone.setFilters(List.of(filter));
            if (!canBeMade(alone, limited)) {
                return ", filter " + filter.getName();
            }
        }
        return "";
    }

    /** One filter that has been checked, without a route. */
    GatewayFilter alone(FilterDefinition filter, Operations operations) {
        RouteDefinition route = alone("alone");
        route.setFilters(List.of(filter));
        return tryOut(route, List.of(), with(operations), new ArrayList<>())
                .getFilters()
                .get(0);
    }

    private static RouteDefinition alone(String id) {
        RouteDefinition alone = new RouteDefinition();
        alone.setId(id);
        alone.setUri(URI.create("no://op"));
        return alone;
    }

    private boolean canBeMade(RouteDefinition route, List<GatewayFilterFactory> limited) {
        try {
            tryOut(route, List.of(), limited, new ArrayList<>());
            return true;
        } catch (RuntimeException e) {
            return false;
        }
    }

    /** Lets the gateway build this route alone, which it does at once, so that what it finds has the route's id. */
    private Route tryOut(
            RouteDefinition route,
            List<FilterDefinition> defaults,
            List<GatewayFilterFactory> limited,
            List<Object> announcements) {
        GatewayProperties settings = new GatewayProperties();
        settings.setDefaultFilters(defaults);
        ConfigurationService configuration = configurations.get();
        configuration.setApplicationEventPublisher(announcements::add);
        List<Route> made = new ArrayList<>();
        List<Throwable> failures = new ArrayList<>();
        new RouteDefinitionRouteLocator(() -> Flux.just(route), predicates, limited, settings, configuration)
                .getRoutes()
                .subscribe(made::add, failures::add);
        for (Throwable failure : failures) {
            throw Exceptions.propagate(failure);
        }
        return made.get(0);
    }
}
