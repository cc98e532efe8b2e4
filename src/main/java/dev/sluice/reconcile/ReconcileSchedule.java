package dev.sluice.reconcile;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.scheduler.Scheduler;

/** Starts the jobs when they are due. */
final class ReconcileSchedule implements SmartLifecycle {

    private final Scheduler scheduler;
    private final List<Task> tasks;
    private volatile List<Disposable> scheduled = List.of();

    /**
     * @param scheduler whose threads may block
     * @param tasks which must not throw
     */
    ReconcileSchedule(Scheduler scheduler, List<Task> tasks) {
        this.scheduler = scheduler;
        this.tasks = tasks;
    }

    /** Something to do every {@code interval}, for the first time after {@code delay}. */
    record Task(Runnable work, Duration delay, Duration interval) {}

    @Override
    public void start() {
        scheduled = tasks.stream()
                .map(task -> scheduler.schedulePeriodically(
                        task.work(), task.delay().toMillis(), task.interval().toMillis(), TimeUnit.MILLISECONDS))
                .toList();
    }

    @Override
    public void stop() {
        scheduled.forEach(Disposable::dispose);
        scheduled = List.of();
    }

    @Override
    public boolean isRunning() {
        return !scheduled.isEmpty();
    }

    /** Before the connections that the jobs use. */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE - 5120;
    }
}
