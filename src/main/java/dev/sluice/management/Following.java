package dev.sluice.management;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Sinks;

/** Lets this instance read {@link Instances}' log every second, and at once when it is woken; never twice at a time. */
final class Following implements SmartLifecycle {

    private final Instances instances;
    private final Sinks.Many<Long> wakeUps = Sinks.many().multicast().directBestEffort();
    private volatile @Nullable Disposable running;

    Following(Instances instances) {
        this.instances = instances;
    }

    /** One that comes while another is told may be left out: the log is read after that one anyway. */
    void wake() {
        wakeUps.tryEmitNext(0L);
    }

    @Override
    public void start() {
        running = Flux.merge(Flux.interval(Duration.ZERO, Instances.EVERY).onBackpressureDrop(), wakeUps.asFlux())
                .onBackpressureLatest()
                .concatMap(tick -> instances.follow(), 1)
                .subscribe();
    }

    @Override
    public void stop() {
        Disposable current = running;
        running = null;
        if (current != null) {
            current.dispose();
        }
    }

    @Override
    public boolean isRunning() {
        return running != null;
    }

    /** Before the first request comes, and until the last has ended. */
    @Override
    public int getPhase() {
        return 0;
    }
}
