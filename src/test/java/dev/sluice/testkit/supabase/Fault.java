package dev.sluice.testkit.supabase;

import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * What goes wrong with a request.
 *
 * @param delay waited before anything else
 * @param instead this answer is given and the work left undone
 * @param performed whether the work is done where there is no {@code instead}
 * @param body how the request's body arrives
 * @param ending what becomes of the answer
 */
record Fault(
        Duration delay, @Nullable Reply instead, boolean performed, UnaryOperator<Flux<byte[]>> body, Ending ending) {

    /** What becomes of the answer: sent, and perhaps closed after; lost with a closed connection; or never sent. */
    enum Ending {
        ANSWER,
        ANSWER_AND_CLOSE,
        CLOSE,
        SILENCE
    }

    static final Fault NONE = done(Ending.ANSWER);

    private static final double NANOS_PER_SECOND = 1e9;

    static Fault delay(Duration delay) {
        return new Fault(delay, null, true, UnaryOperator.identity(), Ending.ANSWER);
    }

    static Fault status(int status, String body, Map<String, String> headers, Ending ending) {
        Reply reply = Reply.text(status, Reply.JSON, body);
        for (Map.Entry<String, String> header : headers.entrySet()) {
            reply = reply.with(header.getKey(), header.getValue());
        }
        return new Fault(Duration.ZERO, reply, false, UnaryOperator.identity(), ending);
    }

    static Fault undone(Ending ending) {
        return new Fault(Duration.ZERO, null, false, UnaryOperator.identity(), ending);
    }

    static Fault done(Ending ending) {
        return new Fault(Duration.ZERO, null, true, UnaryOperator.identity(), ending);
    }

    /** Takes the body at this rate, a chunk after the other, and no more ahead than a connection holds. */
    static Fault slow(int bytesPerSecond) {
        return body(
                body -> body.concatMap(
                        chunk -> Mono.delay(Duration.ofNanos((long) (chunk.length * NANOS_PER_SECOND / bytesPerSecond)))
                                .thenReturn(chunk),
                        1),
                Ending.ANSWER);
    }

    /** Takes this many bytes of the body and breaks off. */
    static Fault broken(long bytes) {
        return body(
                body -> Flux.defer(() -> {
                    AtomicLong left = new AtomicLong(bytes);
                    return body.concatMap(chunk -> {
                        long before = left.getAndAdd(-chunk.length);
                        return before >= chunk.length
                                ? Mono.just(chunk)
                                : Flux.concat(
                                        Mono.just(Arrays.copyOf(chunk, (int) before)),
                                        Mono.error(new IOException("planned to break off")));
                    });
                }),
                Ending.CLOSE);
    }

    private static Fault body(UnaryOperator<Flux<byte[]>> body, Ending ending) {
        return new Fault(Duration.ZERO, null, true, body, ending);
    }
}
