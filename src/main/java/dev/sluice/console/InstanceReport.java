package dev.sluice.console;

import dev.sluice.management.ReconcileRun;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What one instance tells of itself; its form is that of its JSON in Redis.
 *
 * @param id random, made when it started
 * @param name its host
 * @param startedAt epoch milliseconds, by its own clock
 * @param windowSeconds in which the series' increases were counted; 0 at its start
 * @param gauges by Micrometer's name
 * @param circuits by name, such as {@code CLOSED}
 * @param runs its last reconciliations, newest first
 */
record InstanceReport(
        String id,
        String name,
        long startedAt,
        double windowSeconds,
        List<Series> series,
        Map<String, Double> gauges,
        Map<String, String> circuits,
        RoutesInForce routes,
        List<ReconcileRun> runs) {

    InstanceReport {
        Objects.requireNonNull(id);
        Objects.requireNonNull(name);
        Objects.requireNonNull(routes);
        series = List.copyOf(series);
        gauges = Map.copyOf(gauges);
        circuits = Map.copyOf(circuits);
        runs = List.copyOf(runs);
    }

    /**
     * Which routes it has.
     *
     * @param fingerprint equal for equal routes and limits
     * @param refused why its file is not in force; null if it is
     */
    record RoutesInForce(
            String fingerprint, int count, @Nullable String refused) {}
}
