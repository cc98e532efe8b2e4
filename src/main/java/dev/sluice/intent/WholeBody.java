package dev.sluice.intent;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.Disposable;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;
import reactor.core.publisher.SignalType;
import reactor.core.scheduler.Schedulers;
import reactor.util.context.Context;

/** Gathers one body. One subscriber in place of a dozen operators, because most bodies are one small buffer. */
final class WholeBody extends BaseSubscriber<DataBuffer> {

    private final MonoSink<byte[]> sink;
    private final int mostBytes;
    private final AtomicBoolean ended = new AtomicBoolean();
    private final Disposable deadline;
    private byte[] bytes = new byte[0];
    private int length;

    private WholeBody(MonoSink<byte[]> sink, int mostBytes, Duration timeout) {
        this.sink = sink;
        this.mostBytes = mostBytes;
        this.deadline = Schedulers.parallel().schedule(this::late, timeout.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * The bytes of a body, none for an empty one. Fails with a {@link DataBufferLimitException} where there are more, a
     * {@link TimeoutException} where they have not all come in time, and else as the body does.
     */
    static Mono<byte[]> of(Flux<DataBuffer> body, int mostBytes, Duration timeout) {
        return Mono.create(sink -> {
            WholeBody whole = new WholeBody(sink, mostBytes, timeout);
            sink.onDispose(whole);
            body.subscribe(whole);
        });
    }

    @Override
    protected void hookOnSubscribe(Subscription subscription) {
        requestUnbounded();
    }

    @Override
    protected void hookOnNext(DataBuffer buffer) {
        try {
            int more = buffer.readableByteCount();
            if (more > mostBytes - length) {
                end(new DataBufferLimitException("More than " + mostBytes + " bytes"));
            } else if (!ended.get()) {
                makeRoom(more);
                buffer.read(bytes, length, more);
                length += more;
            }
        } finally {
            DataBufferUtils.release(buffer);
        }
    }

    private void makeRoom(int more) {
        if (length + more > bytes.length) {
            bytes = Arrays.copyOf(bytes, length == 0 ? more : Math.min(mostBytes, 2 * (length + more)));
        }
    }

    @Override
    protected void hookOnComplete() {
        if (ended.compareAndSet(false, true)) {
            sink.success(length == bytes.length ? bytes : Arrays.copyOf(bytes, length));
        }
    }

    @Override
    protected void hookOnError(Throwable error) {
        if (ended.compareAndSet(false, true)) {
            sink.error(error);
        }
    }

    @Override
    protected void hookFinally(SignalType type) {
        deadline.dispose();
    }

    private void late() {
        end(new TimeoutException());
    }

    private void end(Throwable error) {
        if (ended.compareAndSet(false, true)) {
            cancel();
            sink.error(error);
        }
    }

    @Override
    public Context currentContext() {
        return Context.of(sink.contextView());
    }
}
