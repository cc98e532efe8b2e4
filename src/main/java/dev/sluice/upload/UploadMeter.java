package dev.sluice.upload;

import dev.sluice.admission.Transfer;
import dev.sluice.exchange.ClientGone;
import dev.sluice.problem.Problem;
import io.micrometer.core.instrument.Counter;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.SynchronousSink;

/**
 * Counts one body as it passes, and stops it before the first buffer that it may not have. Holds nothing back, and asks for
 * no more than it is asked for.
 *
 * <p>What has passed was handed to the connection; what its other end has read may be less by what the sockets hold.
 */
final class UploadMeter implements Transfer {

    private final long limit;
    private final boolean hasBody;
    private final Counter counter;

    /** The bytes that have passed; their complement (which is negative) once it has ended. */
    private final AtomicLong passed = new AtomicLong();

    /**
     * @param hasBody whether there is one
     * @param declared the body's size in bytes; null if it is not known
     * @param maximum the most bytes it may have; null for no limit
     * @param counter of all bodies
     */
    UploadMeter(boolean hasBody, @Nullable Long declared, @Nullable Long maximum, Counter counter) {
        this.limit = Math.min(declared == null ? Long.MAX_VALUE : declared, maximum == null ? Long.MAX_VALUE : maximum);
        this.hasBody = hasBody;
        this.counter = counter;
    }

    /**
     * The same body, which fails with 413 PAYLOAD_TOO_LARGE where it is longer than it may be. The buffer that is too much
     * does not pass, not even its beginning: with it, the backend could have a body that looks whole. A repeated attempt
     * begins again. A client that goes in its middle is told as {@link ClientGone}.
     */
    Flux<DataBuffer> watch(Flux<DataBuffer> body) {
        return Flux.defer(() -> {
            passed.updateAndGet(bytes -> bytes < 0 ? bytes : 0);
            return ClientGone.named(body).handle(this::pass);
        });
    }

    private void pass(DataBuffer buffer, SynchronousSink<DataBuffer> next) {
        int bytes = buffer.readableByteCount();
        long before = passed.getAndUpdate(now -> now < 0 || now > limit - bytes ? now : now + bytes);
        if (before >= 0 && before <= limit - bytes) {
            counter.increment(bytes);
            next.next(buffer);
            return;
        }
        DataBufferUtils.release(buffer);
        next.error(before < 0 ? new ClientGone() : Problem.tooLarge(limit).exception());
    }

    @Override
    public long end() {
        long before = passed.getAndUpdate(bytes -> bytes < 0 ? bytes : ~bytes);
        return before < 0 ? ~before : before;
    }

    @Override
    public boolean hasBody() {
        return hasBody;
    }
}
