package dev.sluice.usage;

import dev.sluice.journal.Journal;
import dev.sluice.journal.OnFull;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.redis.RedisConnection;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The usage beans of one gateway instance. */
final class WorkerInstance implements AutoCloseable {

    final String id = UUID.randomUUID().toString();
    final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
    final UsageStream stream;
    final Leases leases;
    final UsageDatabase database;
    final UsageBacklog backlog;
    final UsageWorker worker;
    final UsageRecorder recorder;
    final EventWriter writer;
    final DeadLetters deadLetters;
    final Journal journal;
    final AdmissionUsage admission;
    final JournalReplay replay;
    final List<UsageEvent> overflow = new CopyOnWriteArrayList<>();
    private final Scheduler scheduler = Schedulers.newParallel("usage-test", 2, true);

    WorkerInstance(UsageBench bench, UsageProperties properties, Duration claimIdle, int sinkCapacity) {
        this(bench, bench.connection, bench.ledger, properties, claimIdle, sinkCapacity);
    }

    /** @param redis of the streams and of the ledger, in place of the bench's own */
    WorkerInstance(
            UsageBench bench,
            RedisConnection redis,
            Ledger ledger,
            UsageProperties properties,
            Duration claimIdle,
            int sinkCapacity) {
        stream = new UsageStream(redis, id);
        leases = new Leases(redis, id);
        database = new UsageDatabase(bench.postgRest);
        backlog = new UsageBacklog(stream, leases, Clock.systemUTC(), properties, scheduler, metrics);
        Backoff backoff = new Backoff(
                scheduler,
                () -> 0,
                () -> metrics.counter("sluice.usage.retries").increment());
        Settlement settlement =
                new Settlement(database, ledger, stream, backoff, Duration.ofMillis(10), scheduler, metrics);
        worker = new UsageWorker(
                stream,
                leases,
                settlement,
                backoff,
                properties,
                scheduler,
                System::nanoTime,
                claimIdle,
                backlog::isAnswering);
        writer = new EventWriter(
                stream,
                backlog,
                database,
                events -> Mono.fromRunnable(() -> overflow.addAll(events)),
                new RowTakeover(ledger, new Fences()),
                System::nanoTime);
        recorder = new UsageRecorder(writer, properties, sinkCapacity, scheduler);
        deadLetters = new DeadLetters(stream);
        journal = Journal.open(Path.of("target", "journal", id), 1 << 20, OnFull.LOG, metrics);
        admission = new AdmissionUsage(recorder, writer, stream, journal, backlog, Clock.systemUTC());
        replay = new JournalReplay(journal, writer, stream, backlog, properties, scheduler, System::nanoTime);
    }

    static UsageProperties properties(int batchSize) {
        return new UsageProperties(batchSize, Duration.ofMillis(20), 1_000_000, Duration.ofDays(35));
    }

    static WorkerInstance of(UsageBench bench) {
        return new WorkerInstance(bench, properties(100), Duration.ofSeconds(30), 1000);
    }

    WorkerInstance started() {
        worker.start();
        return this;
    }

    void stopWorker() {
        CountDownLatch stopped = new CountDownLatch(1);
        worker.stop(stopped::countDown);
        await(stopped);
    }

    void stopRecorder() {
        CountDownLatch stopped = new CountDownLatch(1);
        recorder.stop(stopped::countDown);
        await(stopped);
    }

    void stopReplay() {
        CountDownLatch stopped = new CountDownLatch(1);
        replay.stop(stopped::countDown);
        await(stopped);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(20, TimeUnit.SECONDS)) {
                throw new IllegalStateException("Did not stop");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    double count(String metric) {
        return metrics.counter(metric).count();
    }

    @Override
    public void close() {
        stopRecorder();
        stopWorker();
        stopReplay();
        backlog.stop();
        journal.close();
        scheduler.dispose();
    }
}
