package dev.sluice.exchange;

import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import reactor.core.Disposable;
import reactor.core.scheduler.Schedulers;

/**
 * One clock for all requests under way, so that none needs a timer of its own: a timer that is set from another thread
 * than its event loop's wakes that twice per request, once to set it and once to take it back.
 */
public final class SharedClock implements AutoCloseable {

    private final Set<Member> members = ConcurrentHashMap.newKeySet();
    private final LongSupplier nanos;
    private final long periodNanos;
    private final Disposable clock;
    private long lastNanos;

    /** @param period between two rounds */
    public SharedClock(Duration period) {
        this(period, System::nanoTime);
    }

    SharedClock(Duration period, LongSupplier nanos) {
        this.nanos = nanos;
        this.lastNanos = nanos.getAsLong();
        this.periodNanos = period.toNanos();
        this.clock =
                Schedulers.parallel().schedulePeriodically(this::tick, periodNanos, periodNanos, TimeUnit.NANOSECONDS);
    }

    /** After a pause of the process what was missed comes in a burst, in which nobody had time to do anything. */
    void tick() {
        long now = nanos.getAsLong();
        if (now - lastNanos >= periodNanos / 2) {
            lastNanos = now;
            round();
        }
    }

    void round() {
        members.forEach(Member::round);
    }

    int size() {
        return members.size();
    }

    /**
     * Takes part in each round until it is disposed of; for the first time after about one period at the soonest.
     *
     * @param turn is called by the clock's thread, one after the other; must neither block nor fail
     */
    public Disposable join(Runnable turn) {
        Member member = new Member(turn);
        members.add(member);
        return () -> members.remove(member);
    }

    @Override
    public void close() {
        clock.dispose();
    }

    /** Compared by identity. */
    private static final class Member {

        private final Runnable turn;
        private boolean seated;

        private Member(Runnable turn) {
            this.turn = turn;
        }

        private void round() {
            if (seated) {
                turn.run();
            }
            seated = true;
        }
    }
}
