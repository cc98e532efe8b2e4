package dev.sluice.management;

import java.time.Duration;
import java.util.Map;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.boot.health.contributor.Status;
import reactor.core.publisher.Mono;

/**
 * The health of a layer that Sluice can do without: it is up or degraded, never down, and the answer never waits longer
 * than {@value #LIMIT_MILLIS} ms for a layer that hangs.
 */
final class LayerHealth implements ReactiveHealthIndicator {

    static final Status DEGRADED = new Status("DEGRADED");

    private static final long LIMIT_MILLIS = 500;

    private final Mono<Map<String, Object>> probe;
    private final String meaning;

    /**
     * @param probe completes with details if the layer answers
     * @param meaning what holds while it does not
     */
    LayerHealth(Mono<Map<String, Object>> probe, String meaning) {
        this.probe = probe;
        this.meaning = meaning;
    }

    @Override
    public Mono<Health> health() {
        return probe.timeout(Duration.ofMillis(LIMIT_MILLIS))
                .map(details -> Health.up().withDetails(details).build())
                .onErrorResume(error -> Mono.just(Health.status(DEGRADED)
                        .withDetail("meanwhile", meaning)
                        .withDetail("error", error.getClass().getSimpleName())
                        .build()));
    }
}
