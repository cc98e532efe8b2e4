package dev.sluice.deadlines;

import dev.sluice.testkit.Latencies;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What one round measured.
 *
 * @param untilOpen how long Redis hung until the circuit was seen open
 */
record Round(Map<Condition, Latencies> measured, Duration untilOpen) {

    private static final Latencies NONE = new Latencies(List.of());

    Latencies of(Condition condition) {
        return measured.getOrDefault(condition, NONE);
    }

    /** The 99th percentile of a condition in seconds. */
    double p99(Condition condition) {
        return of(condition).quantile(0.99).toNanos() / 1e9;
    }

    /** Of what a request may take until the circuit opens: two Redis timeouts and the way without Redis. */
    double untilOpenRatio(Duration redisTimeout) {
        return p99(Condition.HANGS) / (2 * redisTimeout.toNanos() / 1e9 + p99(Condition.REFUSES));
    }

    /** The way beside a Redis that hangs, by the way beside one that is gone. */
    double openRatio() {
        return p99(Condition.HANGS_UNASKED) / p99(Condition.REFUSES);
    }
}
