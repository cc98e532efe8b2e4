package dev.sluice.upload;

import dev.sluice.exchange.SharedClock;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * How long a backend may do nothing with one upload: take none of what has come, or leave the whole body without an answer.
 * Time in which the client was waited for does not count; that is the client's pace.
 */
final class BackendPatience {

    private static final int ROUNDS = 4;

    private final Duration patience;
    private final SharedClock clock;
    private final AtomicLong asked = new AtomicLong();
    private volatile boolean whole;
    private volatile long progressNanos = System.nanoTime();

    /**
     * @param patience at most this and a quarter of it
     * @param clock of all requests with this patience
     */
    BackendPatience(Duration patience, SharedClock clock) {
        this.patience = patience;
        this.clock = clock;
    }

    /** The clock of all requests with this patience. */
    static SharedClock clock(Duration patience) {
        return new SharedClock(patience.dividedBy(ROUNDS));
    }

    /** The same body, whose way into the backend is watched from now on. */
    Flux<DataBuffer> watch(Flux<DataBuffer> body) {
        return Flux.defer(() -> {
            asked.set(0);
            whole = false;
            progressNanos = System.nanoTime();
            return body.doOnRequest(this::asked).doOnNext(buffer -> passed()).doOnComplete(this::whole);
        });
    }

    private void asked(long count) {
        asked.accumulateAndGet(count, (open, more) -> open + more < 0 ? Long.MAX_VALUE : open + more);
        progressNanos = System.nanoTime();
    }

    private void passed() {
        asked.updateAndGet(open -> open == Long.MAX_VALUE ? open : open - 1);
        progressNanos = System.nanoTime();
    }

    private void whole() {
        whole = true;
        progressNanos = System.nanoTime();
    }

    /** The call, which fails with a {@code TimeoutException} once the backend has done nothing for too long. */
    <T> Mono<T> bound(Mono<T> call) {
        return call.or(Mono.create(exhausted -> exhausted.onDispose(clock.join(() -> {
            if (isExhausted()) {
                exhausted.error(new TimeoutException("The backend did nothing for " + patience));
            }
        }))));
    }

    private boolean isExhausted() {
        return (whole || asked.get() <= 0) && System.nanoTime() - progressNanos > patience.toNanos();
    }
}
