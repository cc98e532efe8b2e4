package dev.sluice.routes;

import dev.sluice.operation.Operations;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteDefinition;
import org.springframework.core.annotation.AnnotationAwareOrderComparator;
import reactor.core.publisher.Flux;

/** Routes that were checked and built, with the operations that their filters keep to. Immutable. */
final class RouteTable {

    static final RouteTable EMPTY = new RouteTable(List.of(), null);

    /**
     * One route.
     *
     * @param announcements what the gateway's own filters and predicates with a state must hear of it
     */
    record Built(RouteDefinition definition, Route route, List<Object> announcements) {

        String id() {
            return route.getId();
        }
    }

    private final List<Built> built;
    private final @Nullable Operations operations;
    private final List<Built> enabled;
    private final Flux<Route> routes;

    RouteTable(List<Built> built, @Nullable Operations operations) {
        this.built = List.copyOf(built);
        this.operations = operations;
        this.enabled = this.built.stream()
                .filter(made -> made.definition().isEnabled())
                .sorted(Comparator.comparing(Built::route, AnnotationAwareOrderComparator.INSTANCE))
                .toList();
        this.routes = Flux.fromIterable(enabled.stream().map(Built::route).toList());
    }

    List<Built> built() {
        return built;
    }

    /** The enabled ones, by their order, then as they are written. */
    List<Built> enabled() {
        return enabled;
    }

    /** The same. */
    Flux<Route> routes() {
        return routes;
    }

    List<RouteDefinition> definitions() {
        return built.stream().map(Built::definition).toList();
    }

    /** What the filters keep to; null before there are any. */
    @Nullable Operations operations() {
        return operations;
    }

    List<String> ids() {
        return built.stream().map(Built::id).toList();
    }

    boolean has(Operations others) {
        return others.equals(operations);
    }

    /** Equal for equal limits, on every instance. */
    int limitsHash() {
        return Objects.hashCode(operations);
    }

    /** The route that was made of an equal definition; null if there is none. */
    @Nullable Built of(RouteDefinition definition) {
        return built.stream()
                .filter(made -> made.definition().equals(definition))
                .findFirst()
                .orElse(null);
    }
}
