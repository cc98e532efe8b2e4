package dev.sluice.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.console.Figures.Key;
import dev.sluice.console.InstanceReport.RoutesInForce;
import dev.sluice.console.Snapshot.Sum;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SnapshotTests {

    private static final List<String> NO_TAGS = List.of();

    @Test
    void countsAnIncreaseSinceAnEarlierReading() {
        Figures earlier = figures(Map.of("a", List.of(5L), "begun anew", List.of(7L), "gone", List.of(1L)));
        Figures now = figures(Map.of("a", List.of(8L), "begun anew", List.of(2L), "new", List.of(3L)));

        assertThat(now.since(earlier))
                .containsExactly(
                        new Series("a", NO_TAGS, List.of(8L), List.of(3L)),
                        new Series("begun anew", NO_TAGS, List.of(2L), List.of(0L)),
                        new Series("new", NO_TAGS, List.of(3L), List.of(3L)));
    }

    @Test
    void addsUpTotalsAndRatesOfDifferentWindows() {
        assertThat(Snapshot.sums(List.of(
                        report(10, new Series("a", NO_TAGS, List.of(100L), List.of(20L))),
                        report(5, new Series("a", NO_TAGS, List.of(7L), List.of(5L))),
                        // It has just started: it has no window yet.
                        report(0, new Series("a", NO_TAGS, List.of(1L), List.of(1L))))))
                .containsExactly(new Sum("a", NO_TAGS, List.of(108L), List.of(3.0)));
    }

    @Test
    void leavesOutBucketsOfAnotherVersion() {
        assertThat(Snapshot.sums(List.of(
                        report(1, new Series("a", NO_TAGS, List.of(1L, 2L), List.of(1L, 2L))),
                        report(1, new Series("a", NO_TAGS, List.of(1L, 2L, 3L), List.of(1L, 2L, 3L))))))
                .containsExactly(new Sum("a", NO_TAGS, List.of(1L, 2L), List.of(1.0, 2.0)));
        assertThatThrownBy(() -> new Series("a", NO_TAGS, List.of(1L), List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void isBoundedHoweverManyTagsThereAre() {
        MeterRegistry registry = new SimpleMeterRegistry();
        IntStream.range(0, 2 * Figures.MAX_SERIES)
                .forEach(i -> registry.timer("api.response_time", "operation", "o" + i, "outcome", "x".repeat(200)));

        List<Series> series = new MeterReader(registry).figures().since(Figures.NOTHING);

        assertThat(series).hasSize(Figures.MAX_SERIES);
        assertThat(series).allMatch(one -> one.tags().stream().allMatch(tag -> tag.length() <= 100));
    }

    @Test
    void addsUpOverTheTagsThatAreNotShown() {
        MeterRegistry registry = new SimpleMeterRegistry();
        for (String operation : List.of("a", "b")) {
            registry.counter("sluice.admission", "operation", operation, "verdict", "admitted", "source", "redis")
                    .increment(2);
        }
        registry.counter("sluice.other").increment();

        assertThat(new MeterReader(registry).figures().since(Figures.NOTHING))
                .containsExactly(
                        new Series("sluice.admission", List.of("admitted", "redis"), List.of(4L), List.of(4L)));
    }

    private static Figures figures(Map<String, List<Long>> counts) {
        TreeMap<Key, List<Long>> keyed = new TreeMap<>();
        counts.forEach((name, values) -> keyed.put(new Key(name, NO_TAGS), values));
        return new Figures(keyed);
    }

    private static InstanceReport report(double windowSeconds, Series... series) {
        return new InstanceReport(
                "id",
                "name",
                0,
                windowSeconds,
                List.of(series),
                Map.of(),
                Map.of(),
                new RoutesInForce("f", 1, null),
                List.of());
    }
}
