package dev.sluice.console;

import dev.sluice.console.Figures.Key;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Reads from the meters what the console shows; what it does not name is not read. */
final class MeterReader {

    /** The upper bounds of both histograms, in milliseconds. */
    static final List<Long> BUCKETS_MILLIS = List.of(1L, 5L, 10L, 25L, 50L, 100L, 150L, 200L, 500L, 1000L);

    /** Counters and timers, and the tags by which they are told; over all others they are added up. */
    private static final Map<String, List<String>> COUNTS = Map.ofEntries(
            Map.entry("api.response_time", List.of("operation", "outcome")),
            Map.entry("sluice.stage", List.of("stage")),
            Map.entry("sluice.slow", List.of()),
            Map.entry("sluice.admission", List.of("verdict", "source")),
            Map.entry("sluice.admission.degraded", List.of("claim", "policy")),
            Map.entry("sluice.usage.applied", List.of()),
            Map.entry("sluice.usage.retries", List.of()),
            Map.entry("sluice.usage.dead_letters", List.of()),
            Map.entry("sluice.journal.overflowed", List.of()),
            Map.entry("sluice.upload.bytes", List.of("direction")),
            Map.entry("sluice.upload.bytes_avoided", List.of()),
            Map.entry("sluice.reconcile.users", List.of()),
            Map.entry("sluice.reconcile.drifted", List.of()),
            Map.entry("sluice.reconcile.corrected", List.of()),
            Map.entry("sluice.reconcile.runs", List.of("outcome")),
            Map.entry("sluice.routes.reload", List.of("outcome")));

    /** Timers with {@link #BUCKETS_MILLIS}, and the tag by which their histograms are told. */
    private static final Map<String, List<String>> HISTOGRAMS =
            Map.of("api.response_time", List.of("operation"), "sluice.stage", List.of("stage"));

    private static final List<String> GAUGES = List.of(
            "sluice.usage.oldest_age",
            "sluice.journal.events",
            "sluice.journal.bytes",
            "sluice.journal.failing",
            "sluice.requests.active",
            "sluice.upload.in_flight",
            "sluice.upload.bytes_in_flight",
            "process.cpu.usage");
    private static final List<String> HEAP = List.of("jvm.memory.used", "jvm.memory.max");

    private static final int LONGEST_TAG = 100;

    private final MeterRegistry registry;

    MeterReader(MeterRegistry registry) {
        this.registry = registry;
    }

    Figures figures() {
        SortedMap<Key, List<Long>> counts = new TreeMap<>();
        registry.forEachMeter(meter -> {
            List<String> tags = COUNTS.get(meter.getId().getName());
            if (tags != null) {
                add(counts, key(meter, "", tags), List.of(count(meter)));
            }
            List<String> parts = HISTOGRAMS.get(meter.getId().getName());
            if (parts != null && meter instanceof Timer timer) {
                add(counts, key(meter, Series.BUCKETS, parts), buckets(timer));
            }
        });
        return new Figures(counts);
    }

    /** By name; a gauge that says nothing at the moment is absent. */
    Map<String, Double> gauges() {
        SortedMap<String, Double> gauges = new TreeMap<>();
        registry.forEachMeter(meter -> {
            String name = meter.getId().getName();
            boolean shown = GAUGES.contains(name)
                    || (HEAP.contains(name) && "heap".equals(meter.getId().getTag("area")));
            if (shown && meter instanceof Gauge gauge) {
                double value = gauge.value();
                // A pool of the heap without a bound of its own says -1.
                if (Double.isFinite(value) && value >= 0) {
                    gauges.merge(name, Math.round(value * 1e4) / 1e4, Double::sum);
                }
            }
        });
        return Collections.unmodifiableMap(gauges);
    }

    private static Key key(Meter meter, String suffix, List<String> tags) {
        return new Key(
                meter.getId().getName() + suffix,
                tags.stream().map(tag -> shortened(meter.getId().getTag(tag))).toList());
    }

    private static String shortened(@Nullable String value) {
        String known = value == null ? "" : value;
        return known.length() > LONGEST_TAG ? known.substring(0, LONGEST_TAG) : known;
    }

    private static void add(Map<Key, List<Long>> counts, Key key, List<Long> more) {
        counts.merge(key, more, MeterReader::sum);
    }

    static List<Long> sum(List<Long> one, List<Long> other) {
        List<Long> sum = new ArrayList<>(one.size());
        for (int i = 0; i < one.size(); i++) {
            sum.add(one.get(i) + other.get(i));
        }
        return sum;
    }

    private static long count(Meter meter) {
        if (meter instanceof Timer timer) {
            return timer.count();
        }
        return meter instanceof Counter counter ? Math.round(counter.count()) : 0;
    }

    private static List<Long> buckets(Timer timer) {
        // The count is read last: it is never less than what a bucket holds.
        CountAtBucket[] measured = timer.takeSnapshot().histogramCounts();
        List<Long> counts = new ArrayList<>(BUCKETS_MILLIS.size() + 1);
        for (long bound : BUCKETS_MILLIS) {
            counts.add(at(measured, bound));
        }
        counts.add(timer.count());
        return counts;
    }

    private static long at(CountAtBucket[] measured, long boundMillis) {
        for (CountAtBucket bucket : measured) {
            if (bucket.bucket(TimeUnit.MILLISECONDS) == boundMillis) {
                return (long) bucket.count();
            }
        }
        return 0;
    }
}
