package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * The pace of one body. Time is cut into ticks; those in which a buffer was asked for and none had come make up a window of
 * {@value #TICKS} ticks, over which the client must bring its bytes. Ticks in which nothing was asked for, because the
 * backend is slow, do not count.
 */
final class UploadPace {

    static final int TICKS = 10;

    private final long wantedBytes;
    private final AtomicLong asked = new AtomicLong();
    private final AtomicLong bytes = new AtomicLong();
    private final long[] window = new long[TICKS];
    private int waited;

    /** @param wantedBytes in a window */
    UploadPace(long wantedBytes) {
        this.wantedBytes = wantedBytes;
    }

    /**
     * The same body, which fails with 408 REQUEST_TIMEOUT once it came too slowly.
     *
     * @param clock of whose rounds {@value #TICKS} make a window
     * @param loop the connection's own event loop, so that a refusal never meets a buffer that is being passed on
     */
    Flux<DataBuffer> watch(Flux<DataBuffer> body, SharedClock clock, Executor loop) {
        Mono<Throwable> tooSlow = Mono.create(refused -> refused.onDispose(clock.join(() -> {
            if (isTooSlow()) {
                loop.execute(() -> refused.success(refusal()));
            }
        })));
        return InterruptedBody.of(body.doOnNext(this::arrived).doOnRequest(this::asked), tooSlow);
    }

    private void asked(long count) {
        asked.accumulateAndGet(count, (open, more) -> open + more < 0 ? Long.MAX_VALUE : open + more);
    }

    private void arrived(DataBuffer buffer) {
        bytes.addAndGet(buffer.readableByteCount());
        asked.updateAndGet(open -> open == Long.MAX_VALUE ? open : open - 1);
    }

    /** Ends a tick. */
    private boolean isTooSlow() {
        if (asked.get() <= 0) {
            return false;
        }
        window[waited++ % TICKS] = bytes.getAndSet(0);
        if (waited < TICKS) {
            return false;
        }
        if (waited == 2 * TICKS) {
            waited = TICKS;
        }
        return Arrays.stream(window).sum() < wantedBytes;
    }

    private static ProblemException refusal() {
        return Problem.of(ProblemCode.REQUEST_TIMEOUT)
                .detail("The body came too slowly")
                .with("hint", "Send the whole body, without long pauses")
                .header(HttpHeaders.CONNECTION, "close")
                .exception();
    }
}
