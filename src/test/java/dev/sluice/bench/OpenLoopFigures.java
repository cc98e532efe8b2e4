package dev.sluice.bench;

import dev.sluice.testkit.Latencies;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Scanner;

/**
 * What an open loop saw; times in milliseconds from when a request should have been sent.
 *
 * @param answered with a URL
 * @param failed with anything else
 * @param p50 of the whole time, as {@code p99} and {@code p999}
 * @param addedP50 of the time without the waiting for Supabase, as {@code addedP99}
 */
record OpenLoopFigures(
        long answered, long failed, double p50, double p99, double p999, double addedP50, double addedP99) {

    String line() {
        return String.format(
                Locale.ROOT, "%d %d %.3f %.3f %.3f %.3f %.3f", answered, failed, p50, p99, p999, addedP50, addedP99);
    }

    static OpenLoopFigures read(String line) {
        try (Scanner words = new Scanner(line).useLocale(Locale.ROOT)) {
            return new OpenLoopFigures(
                    words.nextLong(),
                    words.nextLong(),
                    words.nextDouble(),
                    words.nextDouble(),
                    words.nextDouble(),
                    words.nextDouble(),
                    words.nextDouble());
        }
    }

    /** Gathers them; of one thread. */
    static final class Recorder {

        private final List<Long> totals = new ArrayList<>();
        private final List<Long> added = new ArrayList<>();
        private long failed;

        /** @param supabaseMillis negative if the request failed */
        void add(long nanos, double supabaseMillis) {
            if (supabaseMillis < 0) {
                failed++;
                return;
            }
            totals.add(nanos);
            added.add(Math.max(0, nanos - (long) (supabaseMillis * 1e6)));
        }

        OpenLoopFigures figures() {
            Latencies total = Latencies.of(totals);
            Latencies own = Latencies.of(added);
            return new OpenLoopFigures(
                    total.count(),
                    failed,
                    millis(total, 0.5),
                    millis(total, 0.99),
                    millis(total, 0.999),
                    millis(own, 0.5),
                    millis(own, 0.99));
        }

        private static double millis(Latencies latencies, double part) {
            return latencies.quantile(part).toNanos() / 1e6;
        }
    }
}
