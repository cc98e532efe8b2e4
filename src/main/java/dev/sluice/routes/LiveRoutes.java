package dev.sluice.routes;

import dev.sluice.routes.RouteTable.Built;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
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
 * The routes in force. They are changed by one reference: a request meets the routes that were there when it arrived, then
 * those of now, and ends with the filters it began with.
 *
 * <p>Some of the gateway's own filters and predicates keep a state by route id and hear of a change by events. The shares of
 * {@code Weight} are drawn before the route is looked for, so a request may have drawn one that is gone by then, or one that
 * is not in force yet: while a change is on its way, both are found.
 */
final class LiveRoutes implements RouteLocator, ApplicationListener<RefreshRoutesEvent> {

    private final ApplicationEventPublisher publisher;
    private volatile RouteTable table = RouteTable.EMPTY;

    /** The same as {@link #table}, but for the moments in which it is about to become that. */
    private volatile RouteTable coming = RouteTable.EMPTY;

    LiveRoutes(ApplicationEventPublisher publisher) {
        this.publisher = publisher;
    }

    /** Of a request: those of its arrival first, see {@link RoutesAtArrival}. */
    @Override
    public Flux<Route> getRoutes() {
        return Flux.deferContextual(context -> {
            RouteTable now = table;
            RouteTable met = context.getOrDefault(RouteTable.class, now);
            RouteTable next = coming;
            return met == now && now == next
                    ? now.routes()
                    : Flux.concat(Stream.of(Objects.requireNonNullElse(met, now), now, next)
                            .distinct()
                            .map(RouteTable::routes)
                            .toList());
        });
    }

    RouteTable table() {
        return table;
    }

    /** The routes, where there is no doubt which: null while a change is on its way. */
    @Nullable RouteTable settled() {
        RouteTable now = table;
        return now == coming ? now : null;
    }

    /** @throws RouteConfigurationException if a filter refuses its arguments only now; nothing has changed then */
    void replace(RouteTable next) {
        RouteTable before = table;
        try {
            announce(next.built(), event -> !(event instanceof PredicateArgsEvent));
        } catch (RouteConfigurationException e) {
            announce(before.built(), event -> !(event instanceof PredicateArgsEvent));
            throw e;
        }
        coming = next;
        before.ids().forEach(id -> publisher.publishEvent(new RouteDeletedEvent(this, id)));
        announce(next.built(), PredicateArgsEvent.class::isInstance);
        table = next;
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
