package dev.sluice.management;

import dev.sluice.routes.RouteReload;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/** Which routes are in force: degraded while the file as it is now is refused, never down. Never reads the disk. */
final class RoutesHealth implements HealthIndicator {

    private final RouteReload reload;

    RoutesHealth(RouteReload reload) {
        this.reload = reload;
    }

    @Override
    public Health health() {
        RouteReload.State state = reload.state();
        Health.Builder health = state.refused() == null ? Health.up() : Health.status(LayerHealth.DEGRADED);
        if (state.refused() != null) {
            health.withDetail("meanwhile", "the routes and limits before this change of the file hold")
                    .withDetail("refused", state.refused());
        }
        if (!state.atNextStart().isEmpty()) {
            health.withDetail("readAtNextStart", state.atNextStart());
        }
        return health.withDetail("file", state.file())
                .withDetail("routes", state.routes())
                .withDetail("since", state.since().toString())
                .build();
    }
}
