package dev.sluice.usage;

import dev.sluice.redis.KeySpace;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * How many events wait in Redis, and for how long, as counted once a second. While Redis does not answer the last count
 * stands.
 *
 * <p>The gauges {@code sluice.usage.backlog} (events) and {@code sluice.usage.oldest_age} (seconds) tell of this instance's
 * partitions only, so that the sum over all instances is right.
 */
public final class UsageBacklog implements SmartLifecycle {

    private static final Duration PERIOD = Duration.ofSeconds(1);

    private final UsageStream stream;
    private final Leases leases;
    private final Clock clock;
    private final long maxBacklog;
    private final Scheduler scheduler;
    private volatile long[] lengths = new long[KeySpace.PARTITIONS];
    private volatile long total;
    private volatile double oldestAgeSeconds;
    private volatile boolean answering = true;
    private final AtomicLong recoveries = new AtomicLong();
    private volatile @Nullable Disposable sampling;

    UsageBacklog(
            UsageStream stream,
            Leases leases,
            Clock clock,
            UsageProperties properties,
            Scheduler scheduler,
            MeterRegistry metrics) {
        this.stream = stream;
        this.leases = leases;
        this.clock = clock;
        this.maxBacklog = properties.maxBacklog();
        this.scheduler = scheduler;
        Gauge.builder("sluice.usage.backlog", this, UsageBacklog::owned)
                .description("Usage events in Redis that are not applied yet, in this instance's partitions")
                .register(metrics);
        Gauge.builder("sluice.usage.oldest_age", this, backlog -> backlog.oldestAgeSeconds)
                .description("Age of the oldest of them, in seconds")
                .register(metrics);
    }

    /** Whether {@code sluice.usage.max-backlog} is reached, over all partitions. */
    public boolean isFull() {
        return total >= maxBacklog;
    }

    /** Whether Redis answered the last count. */
    boolean isAnswering() {
        return answering;
    }

    /** How often Redis answered again after it had not. */
    long recoveries() {
        return recoveries.get();
    }

    /** Events that wait, by partition. */
    public List<Long> byPartition() {
        return Arrays.stream(lengths).boxed().toList();
    }

    /** Age of the oldest event in this instance's partitions, in seconds. */
    public double oldestAgeSeconds() {
        return oldestAgeSeconds;
    }

    private double owned() {
        long[] current = lengths;
        return leases.owned().stream()
                .mapToLong(partition -> current[partition])
                .sum();
    }

    /** Counts now. Fails with {@code RedisUnavailableException}. */
    Mono<Void> sample() {
        Mono<List<Long>> counts = Flux.fromStream(
                        () -> IntStream.range(0, KeySpace.PARTITIONS).boxed())
                .flatMapSequential(stream::length, KeySpace.PARTITIONS)
                .collectList();
        Mono<Double> age = Flux.defer(() -> Flux.fromIterable(leases.owned()))
                .flatMap(stream::oldest, KeySpace.PARTITIONS)
                .reduce((one, other) -> one.isBefore(other) ? one : other)
                .map(this::ageSeconds)
                .defaultIfEmpty(0.0);
        return counts.zipWith(age, this::store)
                .doOnError(error -> answering = false)
                .then();
    }

    private double ageSeconds(Instant oldest) {
        return Math.max(0, Duration.between(oldest, clock.instant()).toMillis()) / 1000.0;
    }

    private boolean store(List<Long> counts, double age) {
        lengths = counts.stream().mapToLong(Long::longValue).toArray();
        total = Arrays.stream(lengths).sum();
        oldestAgeSeconds = age;
        if (!answering) {
            answering = true;
            recoveries.incrementAndGet();
        }
        return true;
    }

    @Override
    public void start() {
        sampling = Flux.interval(Duration.ZERO, PERIOD, scheduler)
                .onBackpressureDrop()
                .concatMap(tick -> sample().onErrorComplete(), 1)
                .subscribe();
    }

    @Override
    public void stop() {
        Disposable current = sampling;
        if (current != null) {
            current.dispose();
            sampling = null;
        }
    }

    @Override
    public boolean isRunning() {
        return sampling != null;
    }

    @Override
    public int getPhase() {
        return UsageWorker.PHASE;
    }
}
