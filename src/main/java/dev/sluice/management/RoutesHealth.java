package dev.sluice.management;

import dev.sluice.routes.RouteReload;
import java.util.function.Supplier;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/** Which routes are in force: degraded while the file as it is now is refused or not looked at, never down. Never reads the disk. */
final class RoutesHealth implements HealthIndicator {

    private final Supplier<RouteReload.State> states;
    private final Supplier<RouteReload.Looks> looked;

    RoutesHealth(Supplier<RouteReload.State> states, Supplier<RouteReload.Looks> looked) {
        this.states = states;
        this.looked = looked;
    }

    @Override
    public Health health() {
        RouteReload.State state = states.get();
        RouteReload.Looks looks = looked.get();
        Health.Builder health =
                state.refused() == null && !looks.overdue() ? Health.up() : Health.status(LayerHealth.DEGRADED);
        if (looks.overdue()) {
            health.withDetail("meanwhile", "a change of the file is not seen: its disk does not answer");
        }
        if (state.refused() != null) {
            health.withDetail("meanwhile", "the routes and limits before this change of the file hold")
                    .withDetail("refused", state.refused());
        }
        if (!state.atNextStart().isEmpty()) {
            health.withDetail("readAtNextStart", state.atNextStart());
        }
        return health.withDetail("file", state.file())
                .withDetail("routes", state.routes())
                .withDetail("looked", looks.last().toString())
                .withDetail("since", state.since().toString())
                .build();
    }
}
