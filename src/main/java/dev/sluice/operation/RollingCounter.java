package dev.sluice.operation;

import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongSupplier;

/**
 * Counts the admitted attempts of a rolling window, without locks. In no rolling window are more than the limit admitted;
 * who stays under 90 % of it, evenly spaced, is never refused.
 *
 * <p>The window is cut into {@value #BUCKETS} buckets; the current <em>and</em> the {@value #BUCKETS} before it are
 * counted, so that an attempt counts until a whole window after the end of its bucket: for 1 to 1.05 windows. Refused
 * attempts are not counted, so who hammers gets through again as time passes. Time never goes backwards: an older reading
 * counts as the newest one seen. Each change replaces the whole immutable state by compare-and-set; a refusal changes
 * nothing.
 */
public final class RollingCounter {

    static final int BUCKETS = 20;

    /**
     * The answer to one attempt.
     *
     * @param admitted whether it was within the limit, and so was counted
     * @param remaining attempts left now, at least 0
     * @param resetNanos until more is left; 0 if nothing is counted
     */
    public record Attempt(boolean admitted, long remaining, long resetNanos) {

        /** Until more is left, in milliseconds, rounded up. */
        public long resetMillis() {
            return -Math.floorDiv(-resetNanos, 1_000_000L);
        }
    }

    /**
     * @param newest the index of the current bucket: time divided by a bucket's length
     * @param counts of the buckets {@code newest - 20 .. newest}
     */
    private record State(long newest, long[] counts, long total) {

        State movedTo(long index) {
            if (index <= newest) {
                return this;
            }
            long[] moved = new long[counts.length];
            int dropped = (int) Math.min(counts.length, index - newest);
            long left = 0;
            for (int i = dropped; i < counts.length; i++) {
                moved[i - dropped] = counts[i];
                left += counts[i];
            }
            return new State(index, moved, left);
        }

        State plus(long attempts) {
            long[] more = counts.clone();
            more[more.length - 1] += attempts;
            return new State(newest, more, total + attempts);
        }
    }

    private final LongSupplier nanoTime;
    private final long bucketNanos;
    private final AtomicReference<State> state;

    /**
     * @param window at least a millisecond
     * @param nanoTime a clock in nanoseconds, {@link System#nanoTime()} outside of tests
     */
    public RollingCounter(Duration window, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.bucketNanos = -Math.floorDiv(-window.toNanos(), BUCKETS);
        this.state = new AtomicReference<>(
                new State(Math.floorDiv(nanoTime.getAsLong(), bucketNanos), new long[BUCKETS + 1], 0));
    }

    /** Admits and counts the attempt if fewer than {@code limit} are counted; the limit may differ from call to call. */
    public Attempt attempt(long limit) {
        return attempt(limit, 1);
    }

    /**
     * Admits and counts so many attempts together, or none of them.
     *
     * @param cost at least 1; more than {@code limit} is never admitted
     */
    public Attempt attempt(long limit, long cost) {
        while (true) {
            State seen = Objects.requireNonNull(state.get());
            long now = nanoTime.getAsLong();
            State current = seen.movedTo(Math.floorDiv(now, bucketNanos));
            if (current.total + cost > limit) {
                long left = Math.max(0, limit - current.total);
                return new Attempt(false, left, resetNanos(current, now, current.total - limit + cost));
            }
            State next = current.plus(cost);
            if (state.compareAndSet(seen, next)) {
                return new Attempt(true, limit - next.total, resetNanos(next, now, 1));
            }
        }
    }

    /** What {@link #attempt(long, long)} would answer now, but nothing is counted. */
    public Attempt peek(long limit, long cost) {
        long now = nanoTime.getAsLong();
        State current = Objects.requireNonNull(state.get()).movedTo(Math.floorDiv(now, bucketNanos));
        long over = current.total + cost - limit;
        long left = Math.max(0, limit - current.total);
        return new Attempt(over <= 0, left, current.total == 0 ? 0 : resetNanos(current, now, Math.max(1, over)));
    }

    /** Time until {@code needed} of the counted attempts are counted no more. */
    private long resetNanos(State at, long now, long needed) {
        long freed = 0;
        for (int i = 0; i < at.counts.length; i++) {
            freed += at.counts[i];
            if (freed >= needed) {
                long expires = (at.newest + i + 1) * bucketNanos;
                return Math.max(0, expires - now);
            }
        }
        return 0;
    }
}
