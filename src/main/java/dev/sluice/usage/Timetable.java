package dev.sluice.usage;

import java.time.Duration;
import java.util.function.LongSupplier;

/** Says when something that is done now and then is due; due at first. For one thread at a time. */
final class Timetable {

    private final LongSupplier nanos;
    private final long periodNanos;
    private long dueAt;

    /** @param nanos a monotonic clock */
    Timetable(LongSupplier nanos, Duration period) {
        this.nanos = nanos;
        this.periodNanos = period.toNanos();
        this.dueAt = nanos.getAsLong();
    }

    /** Whether it is due; if so, it is due again a period from now. */
    boolean isDue() {
        long now = nanos.getAsLong();
        if (now - dueAt < 0) {
            return false;
        }
        dueAt = now + periodNanos;
        return true;
    }

    /** There is more to do: due at once. */
    void hurry() {
        dueAt = nanos.getAsLong();
    }
}
