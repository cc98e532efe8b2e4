package dev.sluice.testkit.supabase;

import java.io.IOException;
import java.io.InputStream;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;

/**
 * A request body as a blocking stream. The network side never blocks: it adds a chunk and releases a permit; the
 * reading side waits for permits and asks for one more chunk for each it took, so at most {@value #AHEAD} chunks are
 * held. Subscribes at the first read. A connection that breaks
 * off, or is silent for {@value #PATIENCE_SECONDS} s, shows as an {@link IOException}.
 */
final class RequestBody extends InputStream {

    private static final int AHEAD = 8;
    private static final int PATIENCE_SECONDS = 60;

    private final Flux<byte[]> source;
    private final Queue<byte[]> chunks = new ConcurrentLinkedQueue<>();
    private final Semaphore signals = new Semaphore(0);
    private final AtomicBoolean started = new AtomicBoolean();
    private final Receiver receiver = new Receiver();
    private volatile boolean ended;
    private volatile @Nullable Throwable failure;
    private byte[] current = new byte[0];
    private int position;

    RequestBody(Flux<byte[]> source) {
        this.source = source;
    }

    @Override
    public int read() throws IOException {
        return advance() ? current[position++] & 0xff : -1;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!advance()) {
            return -1;
        }
        int count = Math.min(length, current.length - position);
        System.arraycopy(current, position, target, offset, count);
        position += count;
        return count;
    }

    /** Breaks the body off; also before its source knows that it is read, when nobody would tell of a cancellation. */
    @Override
    public void close() {
        receiver.cancel();
        if (!ended) {
            receiver.hookOnError(new IOException("closed"));
        }
    }

    private boolean advance() throws IOException {
        if (started.compareAndSet(false, true)) {
            source.subscribe(receiver);
        }
        while (position == current.length) {
            try {
                if (!signals.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                    throw new IOException("nothing of a request body came for " + PATIENCE_SECONDS + " s");
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted while reading a request body", e);
            }
            byte[] next = chunks.poll();
            if (next == null) {
                signals.release();
                Throwable broken = failure;
                if (broken != null) {
                    throw new IOException("request body broke off", broken);
                }
                return false;
            }
            current = next;
            position = 0;
            if (!ended) {
                receiver.request(1);
            }
        }
        return true;
    }

    private final class Receiver extends BaseSubscriber<byte[]> {

        @Override
        protected void hookOnSubscribe(Subscription subscription) {
            request(AHEAD);
        }

        @Override
        protected void hookOnNext(byte[] chunk) {
            chunks.add(chunk);
            signals.release();
        }

        @Override
        protected void hookOnComplete() {
            ended = true;
            signals.release();
        }

        @Override
        protected void hookOnError(Throwable error) {
            failure = error;
            ended = true;
            signals.release();
        }
    }
}
