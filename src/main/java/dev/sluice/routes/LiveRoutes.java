package dev.sluice.routes;

import dev.sluice.routes.RouteTable.Built;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.springframework.cloud.gateway.event.PredicateArgsEvent;
import org.springframework.cloud.gateway.event.RefreshRoutesEvent;
import org.springframework.cloud.gateway.event.RefreshRoutesResultEvent;
import org.springframework.cloud.gateway.event.RouteDeletedEvent;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.ApplicationListener;
import reactor.core.publisher.Flux;

/**
 * The routes in force. They are changed by one reference: a request meets the routes before a change or those after it, and
 * ends with the filters it began with.
 *
 * <p>Some of the gateway's own filters and predicates keep a state by route id, such as the shares of {@code Weight}. They
 * hear of a change by events: of the routes that stay before it, of new ones after it, so that no share is given to a route
 * that does not serve.
 */
final class LiveRoutes implements RouteLocator, ApplicationListener<RefreshRoutesEvent> {

    private final ApplicationEventPublisher publisher;
    private final AtomicReference<RouteTable> table = new AtomicReference<>(RouteTable.EMPTY);

    LiveRoutes(ApplicationEventPublisher publisher) {
        this.publisher = publisher;
    }

    @Override
    public Flux<Route> getRoutes() {
        return table().routes();
    }

    RouteTable table() {
        return Objects.requireNonNull(table.get());
    }

    /** @throws RouteConfigurationException if a filter refuses its arguments only now; nothing has changed then */
    void replace(RouteTable next) {
        RouteTable before = table();
        Set<String> known = new HashSet<>(before.ids());
        Predicate<Object> shareOfNew =
                event -> event instanceof PredicateArgsEvent share && !known.contains(share.getRouteId());
        before.ids().forEach(id -> publisher.publishEvent(new RouteDeletedEvent(this, id)));
        try {
            announce(next.built(), shareOfNew.negate());
        } catch (RouteConfigurationException e) {
            announce(before.built(), event -> true);
            throw e;
        }
        table.set(next);
        announce(next.built(), shareOfNew);
        publisher.publishEvent(new RefreshRoutesEvent(this));
    }

    private void announce(List<Built> routes, Predicate<Object> which) {
        for (Built made : routes) {
            try {
                made.announcements().stream().filter(which).forEach(publisher::publishEvent);
            } catch (RuntimeException e) {
                throw new RouteConfigurationException(
                        "Route '" + made.id() + "' has arguments that a filter refuses",
                        "Correct the route's definition.",
                        Reasons.of(e),
                        e);
            }
        }
    }

    /** Whoever asks for a refresh is told at once that it is done: what is served changes by {@link #replace} alone. */
    @Override
    public void onApplicationEvent(RefreshRoutesEvent event) {
        publisher.publishEvent(new RefreshRoutesResultEvent(this));
    }
}
