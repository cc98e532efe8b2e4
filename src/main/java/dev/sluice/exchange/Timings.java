package dev.sluice.exchange;

import dev.sluice.tracing.Trace;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * The measured time of each stage of one request. A stage entered twice adds up; a stage that was not entered has no
 * figure at all, rather than a zero.
 */
public final class Timings {

    private static final long NOT_ENTERED = -1;
    private static final Stage[] STAGES = Stage.values();
    private static final int USUAL_LENGTH = 96;

    private final LongSupplier nanoTime;
    private final @Nullable Trace trace;
    private final long startedNanos;
    private final AtomicLongArray spentNanos = new AtomicLongArray(STAGES.length);

    /** @param nanoTime a monotonic clock in nanoseconds, {@link System#nanoTime()} outside of tests */
    public Timings(LongSupplier nanoTime) {
        this(nanoTime, null);
    }

    /** @param trace what is told of each stage too; null for most requests */
    Timings(LongSupplier nanoTime, @Nullable Trace trace) {
        this.nanoTime = nanoTime;
        this.trace = trace;
        this.startedNanos = nanoTime.getAsLong();
        for (int i = 0; i < spentNanos.length(); i++) {
            spentNanos.set(i, NOT_ENTERED);
        }
    }

    /** The monotonic clock's reading now, to be given to {@link #add}. */
    public long now() {
        return nanoTime.getAsLong();
    }

    /** Adds the time since {@code sinceNanos} to a stage. */
    public void add(Stage stage, long sinceNanos) {
        long until = nanoTime.getAsLong();
        spent(stage, sinceNanos, until);
        if (trace != null) {
            trace.past(stage.label(), sinceNanos, until);
        }
    }

    private void spent(Stage stage, long sinceNanos, long untilNanos) {
        long elapsed = Math.max(0, untilNanos - sinceNanos);
        spentNanos.updateAndGet(stage.ordinal(), spent -> spent == NOT_ENTERED ? elapsed : spent + elapsed);
    }

    /** Measures a call from subscription to its end, however it ends; added before the end is passed on. */
    public <T> Mono<T> measure(Stage stage, Mono<T> call) {
        return trace == null ? measured(stage, call) : trace.within(stage.label(), measured(stage, call));
    }

    private <T> Mono<T> measured(Stage stage, Mono<T> call) {
        return Mono.defer(() -> {
            long since = now();
            AtomicBoolean added = new AtomicBoolean();
            Runnable addOnce = () -> {
                if (added.compareAndSet(false, true)) {
                    spent(stage, since, now());
                }
            };
            return call.doOnTerminate(addOnce).doOnCancel(addOnce);
        });
    }

    /** Whether the stage was entered. */
    public boolean entered(Stage stage) {
        return spentNanos.get(stage.ordinal()) != NOT_ENTERED;
    }

    /** Time spent in the stage so far, in nanoseconds; 0 if it was not entered. */
    public long spentNanos(Stage stage) {
        return Math.max(0, spentNanos.get(stage.ordinal()));
    }

    /** Time since the request arrived, in nanoseconds. */
    public long totalNanos() {
        return nanoTime.getAsLong() - startedNanos;
    }

    /** The {@code timing} member of a body as JSON: milliseconds, {@code total} first. */
    public String json() {
        StringBuilder json = new StringBuilder(USUAL_LENGTH).append("{\"total\":");
        appendMillis(json, totalNanos());
        for (Stage stage : STAGES) {
            if (entered(stage)) {
                json.append(",\"").append(stage.field()).append("\":");
                appendMillis(json, spentNanos(stage));
            }
        }
        return json.append('}').toString();
    }

    /** As {@link #json}, for a mapper. */
    public Map<String, Double> fields() {
        Map<String, Double> fields = new LinkedHashMap<>();
        fields.put("total", millis(totalNanos()));
        for (Stage stage : STAGES) {
            if (entered(stage)) {
                fields.put(stage.field(), millis(spentNanos(stage)));
            }
        }
        return fields;
    }

    /** The value of {@code Server-Timing} (W3C): milliseconds, {@code total} last. */
    public String header() {
        StringBuilder header = new StringBuilder(USUAL_LENGTH);
        for (Stage stage : STAGES) {
            if (entered(stage)) {
                header.append(stage.label()).append(";dur=");
                appendMillis(header, spentNanos(stage));
                header.append(", ");
            }
        }
        appendMillis(header.append("total;dur="), totalNanos());
        return header.toString();
    }

    private static double millis(long nanos) {
        return Math.round(nanos / 1_000.0) / 1_000.0;
    }

    /** Milliseconds with three decimals, rounded half up. */
    private static void appendMillis(StringBuilder text, long nanos) {
        long micros = (nanos + 500) / 1000;
        int decimals = (int) (micros % 1000);
        text.append(micros / 1000)
                .append('.')
                .append((char) ('0' + decimals / 100))
                .append((char) ('0' + decimals / 10 % 10))
                .append((char) ('0' + decimals % 10));
    }
}
