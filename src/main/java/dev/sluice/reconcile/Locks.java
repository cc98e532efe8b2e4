package dev.sluice.reconcile;

import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import net.javacrumbs.shedlock.core.LockConfiguration;
import net.javacrumbs.shedlock.core.LockProvider;
import net.javacrumbs.shedlock.core.SimpleLock;
import org.jspecify.annotations.Nullable;

/**
 * Keeps instances from doing the same job at the same time, or one after the other. Blocks; fails with the data access
 * exceptions of Spring when Redis cannot be reached.
 */
final class Locks {

    /** How long a job stays locked after its instance was killed. */
    private static final Duration LEASE = Duration.ofSeconds(60);

    private final LockProvider turns;
    private final LockProvider jobs;
    private final Clock clock;

    /** @param jobs renews a lease for as long as the lock is held */
    Locks(LockProvider turns, LockProvider jobs, Clock clock) {
        this.turns = turns;
        this.jobs = jobs;
        this.clock = clock;
    }

    /** Whether it is this instance's turn: nobody else has had one for nine tenths of the interval. */
    boolean takeTurn(String job, Duration interval) {
        Duration turn = interval.multipliedBy(9).dividedBy(10);
        return turns.lock(new LockConfiguration(clock.instant(), job + "-turn", turn, turn))
                .isPresent();
    }

    /** Does the work unless it is being done elsewhere; null then. */
    <T> @Nullable T exclusively(String job, Supplier<T> work) {
        Optional<SimpleLock> lock = jobs.lock(new LockConfiguration(clock.instant(), job, LEASE, Duration.ZERO));
        if (lock.isEmpty()) {
            return null;
        }
        try {
            return work.get();
        } finally {
            lock.get().unlock();
        }
    }
}
