package dev.sluice.console;

import dev.sluice.console.InstanceReport.RoutesInForce;
import dev.sluice.management.ReconcileRun;
import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.routes.RouteOverview;
import dev.sluice.routes.RouteReload;
import io.github.resilience4j.circuitbreaker.CircuitBreaker;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Objects;
import java.util.UUID;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/** What this instance tells of itself. Rates are those of a short window, so that one report is enough to know them. */
final class OwnReport {

    /** How many reports back an increase is counted from. */
    static final int WINDOW = 3;

    private static final int RUNS_TOLD = 3;
    private static final double NANOS_PER_SECOND = 1e9;

    private record Reading(long nanos, Figures figures) {}

    private final String id = UUID.randomUUID().toString();
    private final String name;
    private final long startedAt;
    private final MeterReader meters;
    private final CircuitBreakerRegistry circuits;
    private final ReconcileJob reconcile;
    private final RouteReload reload;
    private final RouteOverview routes;
    private final LongSupplier nanoTime;
    private final Deque<Reading> earlier = new ArrayDeque<>(WINDOW + 1);
    private volatile InstanceReport last;

    /** @param nanoTime a monotonic clock, {@link System#nanoTime()} outside of tests */
    OwnReport(
            String name,
            MeterReader meters,
            CircuitBreakerRegistry circuits,
            ReconcileJob reconcile,
            RouteReload reload,
            RouteOverview routes,
            Clock clock,
            LongSupplier nanoTime) {
        this.name = name;
        this.meters = meters;
        this.circuits = circuits;
        this.reconcile = reconcile;
        this.reload = reload;
        this.routes = routes;
        this.startedAt = clock.millis();
        this.nanoTime = nanoTime;
        this.last = take();
    }

    String id() {
        return id;
    }

    /** As it was taken last. */
    InstanceReport last() {
        return last;
    }

    /** Takes it anew. */
    synchronized InstanceReport take() {
        Reading now = new Reading(nanoTime.getAsLong(), meters.figures());
        Reading since = Objects.requireNonNullElse(earlier.peekFirst(), now);
        earlier.addLast(now);
        if (earlier.size() > WINDOW) {
            earlier.removeFirst();
        }
        RouteReload.State state = reload.state();
        last = new InstanceReport(
                id,
                name,
                startedAt,
                Math.round((now.nanos() - since.nanos()) / NANOS_PER_SECOND * 1000) / 1000.0,
                now.figures().since(since.figures()),
                meters.gauges(),
                circuits.getAllCircuitBreakers().stream()
                        .collect(Collectors.toMap(
                                CircuitBreaker::getName,
                                circuit -> circuit.getState().name())),
                new RoutesInForce(routes.fingerprint(), routes.routes().size(), state.refused()),
                reconcile.reports().stream()
                        .limit(RUNS_TOLD)
                        .map(ReconcileRun::of)
                        .toList());
        return last;
    }
}
