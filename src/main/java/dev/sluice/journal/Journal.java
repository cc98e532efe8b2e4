package dev.sluice.journal;

import dev.sluice.journal.JournalFiles.Written;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/**
 * Usage events on this instance's disk, for as long as neither Redis nor the database takes them.
 *
 * <p>One thread of its own does all reading and writing. What callers bring while it writes goes into its next write, with
 * one fsync for all of them (group commit). Callers are answered on another thread, never on that one.
 *
 * <p>On disk are files {@code <19 digits>.journal} of {@link Frames}, each at most a sixteenth of the journal and 64 MiB.
 * They are written at the end of the newest and read from the beginning of the oldest. A file goes when all of its events
 * are confirmed, so the confirmed ones of a file that is in use are replayed once more after a crash; their ids keep them
 * from counting twice. A damaged file becomes {@code .damaged} instead, and what no store takes stands in {@code
 * refused.ndjson}, both for an operator.
 */
public final class Journal implements AutoCloseable {

    private static final Logger log = LoggerFactory.getLogger(Journal.class);

    /** Callers that wait for a write at most; past it the disk does not keep up, which is like a full one. */
    private static final int MAX_PENDING = 16_384;

    /** How long a caller waits for a disk that hangs. */
    private static final Duration WRITE_LIMIT = Duration.ofSeconds(5);

    private static final int MAX_WRITE_BYTES = 4 * 1024 * 1024;
    private static final long RETRY_NANOS = Duration.ofSeconds(1).toNanos();
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(10);

    private final JournalFiles files;
    private final long maxBytes;
    private final OnFull onFull;
    private final Scheduler disk;
    private final Queue<Append> pending = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pendingCount = new AtomicInteger();
    private final JournalMeters meters;
    private volatile State state = State.WRITABLE;
    private volatile boolean closed;
    private long failedAtNanos;

    /** Whether the journal takes events. */
    public enum State {
        WRITABLE,
        FULL,
        /** The disk fails. */
        FAILING
    }

    private Journal(JournalFiles files, long maxBytes, OnFull onFull, MeterRegistry metrics) {
        this.files = files;
        this.maxBytes = maxBytes;
        this.onFull = onFull;
        this.disk = Schedulers.newSingle(task -> {
            Thread thread = new Thread(task, "sluice-journal");
            thread.setDaemon(true);
            return thread;
        });
        this.meters = new JournalMeters(this, metrics);
    }

    /**
     * Opens a directory, with what an earlier process left in it.
     *
     * @param maxBytes bytes on disk at most
     * @throws JournalStartException if it cannot be written to, or belongs to another running instance
     */
    public static Journal open(Path directory, long maxBytes, OnFull onFull, MeterRegistry metrics) {
        JournalFiles files = JournalFiles.open(directory, maxBytes);
        if (files.waiting() > 0) {
            log.info("{} usage events of an earlier run wait in {}", files.waiting(), directory);
        }
        return new Journal(files, maxBytes, onFull, metrics);
    }

    /**
     * Keeps events, in order; completes when the disk has them, or, of those that it does not take within 5 s, when they are
     * log lines. Never fails, and is carried out even if the subscriber cancels.
     */
    public Mono<Void> append(List<UsageEvent> events) {
        return events.isEmpty() ? Mono.empty() : Mono.defer(() -> enqueue(new Append(events, false)));
    }

    /**
     * Keeps events as {@link #append} does, in this order, but fails with {@link JournalFullException} where settings say so;
     * the first of them may then have been kept.
     */
    public Mono<Void> appendOrRefuse(UsageEvent... events) {
        return Mono.defer(() -> enqueue(new Append(List.of(events), onFull == OnFull.REFUSE)));
    }

    private Mono<Void> enqueue(Append append) {
        if (pendingCount.get() >= MAX_PENDING) {
            finish(append, 0);
        } else {
            pending.add(append);
            if (pendingCount.getAndIncrement() == 0) {
                schedule();
            }
            if (closed) {
                refusePending();
            }
        }
        return Mono.fromFuture(append.done(), true)
                .timeout(WRITE_LIMIT, Mono.defer(() -> late(append)))
                .publishOn(Schedulers.parallel());
    }

    /** The disk hangs. It may still take the events, which their ids keep from counting twice. */
    private Mono<Void> late(Append append) {
        if (append.isRefusable()) {
            return Mono.error(new JournalFullException("The journal's disk does not answer"));
        }
        log(append.without(0));
        return Mono.empty();
    }

    private void log(List<UsageEvent> events) {
        meters.overflowed(events.size());
        LoggedEvents.keep(events);
    }

    private void schedule() {
        try {
            disk.schedule(this::writePending);
        } catch (RejectedExecutionException e) {
            log.debug("The journal is closed: {}", e.toString());
        }
    }

    /** What comes when the last write may be over is no more for the disk. */
    private void refusePending() {
        for (Append next; (next = pending.poll()) != null; ) {
            pendingCount.getAndDecrement();
            finish(next, 0);
        }
    }

    private void writePending() {
        int taken;
        do {
            List<Append> batch = new ArrayList<>();
            long bytes = 0;
            for (Append next; bytes < MAX_WRITE_BYTES && (next = pending.poll()) != null; ) {
                batch.add(next);
                bytes += next.bytes();
            }
            write(batch);
            taken = batch.size();
        } while (pendingCount.addAndGet(-taken) > 0);
    }

    private void write(List<Append> batch) {
        List<byte[]> frames = new ArrayList<>(batch.size());
        batch.forEach(append -> frames.addAll(append.frames()));
        int kept = frames.isEmpty() || rests() ? 0 : written(frames);
        for (Append append : batch) {
            int own = Math.min(kept, append.frames().size());
            kept -= own;
            finish(append, own);
        }
    }

    /** A disk that has just failed is left alone for a moment. */
    private boolean rests() {
        return state == State.FAILING && System.nanoTime() - failedAtNanos < RETRY_NANOS;
    }

    private int written(List<byte[]> frames) {
        long started = System.nanoTime();
        Written written = files.write(frames);
        meters.written(System.nanoTime() - started);
        if (written.error() != null) {
            failedAtNanos = System.nanoTime();
            become(State.FAILING, written.error());
        } else {
            become(written.frames() == frames.size() ? State.WRITABLE : State.FULL, null);
        }
        return written.frames();
    }

    private void become(State next, @Nullable Exception error) {
        State before = state;
        state = next;
        if (next == before) {
            return;
        }
        switch (next) {
            case FAILING -> log.error("The journal cannot be written to, its events become log lines", error);
            case FULL ->
                log.error(
                        "The journal is full ({} of {} bytes), what does not fit becomes log lines", bytes(), maxBytes);
            case WRITABLE -> log.warn("The journal takes events again");
        }
    }

    private void finish(Append append, int kept) {
        List<UsageEvent> left = append.without(kept);
        if (!left.isEmpty() && append.isRefusable()) {
            append.done()
                    .completeExceptionally(new JournalFullException("The journal cannot keep the charge: " + state));
            return;
        }
        log(left);
        append.done().complete(null);
    }

    /** Reads up to {@code max} of the events that wait, oldest first; empty if none does. Fails with IOException. */
    public Mono<Batch> oldest(int max) {
        return Mono.fromCallable(() -> files.read(max)).subscribeOn(disk).publishOn(Schedulers.parallel());
    }

    /** Forgets events that are safe elsewhere. A batch is confirmed once, before the next one is read. */
    public Mono<Void> confirm(Batch batch) {
        return Mono.<Void>fromRunnable(() -> {
                    long before = bytes();
                    files.confirm(batch);
                    if (state == State.FULL && bytes() < before) {
                        become(State.WRITABLE, null);
                    }
                })
                .subscribeOn(disk)
                .publishOn(Schedulers.parallel());
    }

    /** Keeps an event that no store takes out of the way of the others, in a file or else as a log line. Never fails. */
    public Mono<Void> setAside(UsageEvent event) {
        return Mono.fromCallable(() -> files.setAside(event))
                .onErrorResume(error -> {
                    log.error("refused.ndjson cannot be written to", error);
                    return Mono.just(false);
                })
                .doOnNext(kept -> {
                    if (!kept) {
                        log(List.of(event));
                    }
                })
                .subscribeOn(disk)
                .publishOn(Schedulers.parallel())
                .then();
    }

    /** Bytes on disk. */
    public long bytes() {
        return files.bytes();
    }

    /** Bytes on disk at most. */
    public long maxBytes() {
        return maxBytes;
    }

    /** Events that wait. */
    public long waiting() {
        return files.waiting();
    }

    /** Whether it took what it was last given. */
    public State state() {
        return state;
    }

    /** Writes what was brought until now and lets the directory go; what comes later becomes log lines. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        CountDownLatch end = new CountDownLatch(1);
        disk.schedule(() -> {
            writePending();
            files.close();
            end.countDown();
        });
        try {
            if (!end.await(CLOSE_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                log.error("The journal's disk did not answer within {}", CLOSE_LIMIT);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        disk.dispose();
    }
}
