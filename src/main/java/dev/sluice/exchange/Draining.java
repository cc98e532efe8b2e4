package dev.sluice.exchange;

import java.time.Duration;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Mono;

/**
 * The first step of a shutdown: from now on every answer asks its client to connect anew, elsewhere, and for
 * {@code sluice.shutdown.delay} new connections are still accepted. The readiness is down by then; Spring Boot sees to that
 * before any step.
 */
final class Draining implements SmartLifecycle {

    private final Duration delay;
    private volatile boolean running;
    private volatile boolean draining;

    Draining(Duration delay) {
        this.delay = delay;
    }

    /** Whether this instance is leaving, so that no connection should be kept for another request. */
    boolean isDraining() {
        return draining;
    }

    @Override
    public void start() {
        draining = false;
        running = true;
    }

    @Override
    public void stop(Runnable callback) {
        draining = true;
        running = false;
        var unused = Mono.delay(delay).doFinally(end -> callback.run()).toFuture();
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** Before the web server stops accepting. */
    @Override
    public int getPhase() {
        return DEFAULT_PHASE;
    }
}
