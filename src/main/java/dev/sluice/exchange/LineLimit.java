package dev.sluice.exchange;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/** Bounds the log lines of one kind, so that an instance that is late is not made later by saying so. */
final class LineLimit {

    /** What is answered for an event that gets no line. */
    static final long NONE = -1;

    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final int mostPerSecond;
    private final LongSupplier nanoTime;
    private long sinceNanos;
    private int written;
    private long left;

    /** @param nanoTime a monotonic clock in nanoseconds, {@link System#nanoTime()} outside of tests */
    LineLimit(int mostPerSecond, LongSupplier nanoTime) {
        this.mostPerSecond = mostPerSecond;
        this.nanoTime = nanoTime;
        this.sinceNanos = nanoTime.getAsLong();
    }

    /** What a line says at its end of those that had none; nothing if there were none. */
    static String more(long untold) {
        return untold == 0 ? "" : " (" + untold + " more without a line)";
    }

    /** Takes a line: how many events have had none since the last that was written, or {@link #NONE} for no line. */
    synchronized long take() {
        long now = nanoTime.getAsLong();
        if (now - sinceNanos >= SECOND) {
            sinceNanos = now;
            written = 0;
        }
        if (written == mostPerSecond) {
            left++;
            return NONE;
        }
        written++;
        long untold = left;
        left = 0;
        return untold;
    }
}
