package dev.sluice.redis;

import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Work that is done at once when the application starts, and again and again until it stops; never twice at a time. */
public final class Periodic implements SmartLifecycle {

    private final Duration every;
    private final Supplier<Mono<Void>> work;
    private volatile @Nullable Disposable running;

    /** @param work must not fail; a run that takes longer than {@code every} leaves out those that are due meanwhile */
    public Periodic(Duration every, Supplier<Mono<Void>> work) {
        this.every = every;
        this.work = work;
    }

    @Override
    public void start() {
        running = Flux.interval(Duration.ZERO, every)
                .onBackpressureDrop()
                .concatMap(tick -> work.get(), 1)
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
