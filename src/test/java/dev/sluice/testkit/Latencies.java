package dev.sluice.testkit;

import java.time.Duration;
import java.util.Collection;
import java.util.List;

/** How long requests took. */
public record Latencies(List<Long> ascendingNanos) {

    /** Of durations in nanoseconds, in any order. */
    public static Latencies of(Collection<Long> nanos) {
        return new Latencies(nanos.stream().sorted().toList());
    }

    public int count() {
        return ascendingNanos.size();
    }

    /** The duration that this part of the requests, 0 to 1, did not exceed; of few requests the longest. Zero if there are none. */
    public Duration quantile(double part) {
        if (ascendingNanos.isEmpty()) {
            return Duration.ZERO;
        }
        int last = ascendingNanos.size() - 1;
        return Duration.ofNanos(ascendingNanos.get((int) Math.min(last, Math.floor(ascendingNanos.size() * part))));
    }
}
