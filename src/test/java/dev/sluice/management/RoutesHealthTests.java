package dev.sluice.management;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.routes.RouteReload.Looks;
import dev.sluice.routes.RouteReload.State;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

class RoutesHealthTests {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    @Test
    void isDegradedWhileTheFileIsNotLookedAt() {
        assertThat(health(null, false).getStatus()).isEqualTo(Status.UP);

        Health overdue = health(null, true);

        assertThat(overdue.getStatus()).isEqualTo(LayerHealth.DEGRADED);
        assertThat(overdue.getDetails())
                .containsEntry("meanwhile", "a change of the file is not seen: its disk does not answer")
                .containsEntry("looked", NOW.toString());
    }

    @Test
    void isDegradedWhileTheFileIsRefused() {
        Health refused = health("It is empty.", false);

        assertThat(refused.getStatus()).isEqualTo(LayerHealth.DEGRADED);
        assertThat(refused.getDetails()).containsEntry("refused", "It is empty.");
    }

    private static Health health(@Nullable String refused, boolean overdue) {
        State state = new State("routes.yml", 1, NOW, refused, List.of());
        return new RoutesHealth(() -> state, () -> new Looks(NOW, overdue)).health();
    }
}
