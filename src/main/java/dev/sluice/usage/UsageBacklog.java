package dev.sluice.usage;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import reactor.core.Disposable;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * How many events wait in Redis, and for how long, as counted once a second. Where Redis does not answer, a partition's last
 * count stands.
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
    private volatile List<Count> counts = Collections.nCopies(KeySpace.PARTITIONS, new Count(0, null, true));
    private volatile long total;
    private volatile double oldestAgeSeconds;
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

    /** Whether Redis answered the last count of this partition. */
    boolean isAnswering(int partition) {
        return counts.get(partition).answered();
    }

    /** How often Redis answered again, in any partition, after it had not. */
    long recoveries() {
        return recoveries.get();
    }

    /** Events that wait, by partition. */
    public List<Long> byPartition() {
        return counts.stream().map(Count::length).toList();
    }

    /** Age of the oldest event in this instance's partitions, in seconds. */
    public double oldestAgeSeconds() {
        return oldestAgeSeconds;
    }

    private double owned() {
        List<Count> current = counts;
        return leases.owned().stream()
                .mapToLong(partition -> current.get(partition).length())
                .sum();
    }

    /** Counts now. */
    Mono<Void> sample() {
        return Flux.fromStream(() -> IntStream.range(0, KeySpace.PARTITIONS).boxed())
                .flatMapSequential(this::count, KeySpace.PARTITIONS)
                .collectList()
                .doOnNext(this::store)
                .then();
    }

    private Mono<Count> count(int partition) {
        Mono<Optional<Instant>> oldest = leases.owned().contains(partition)
                ? stream.oldest(partition).map(Optional::of).defaultIfEmpty(Optional.empty())
                : Mono.just(Optional.empty());
        return Mono.zip(stream.length(partition), oldest)
                .map(answer -> new Count(answer.getT1(), answer.getT2().orElse(null), true))
                .onErrorResume(
                        RedisUnavailableException.class,
                        error -> Mono.fromSupplier(() -> counts.get(partition).unanswered()));
    }

    private void store(List<Count> newer) {
        List<Count> older = counts;
        counts = newer;
        total = newer.stream().mapToLong(Count::length).sum();
        oldestAgeSeconds = leases.owned().stream()
                .map(partition -> newer.get(partition).oldest())
                .filter(Objects::nonNull)
                .mapToDouble(this::ageSeconds)
                .max()
                .orElse(0);
        if (IntStream.range(0, KeySpace.PARTITIONS)
                .anyMatch(partition ->
                        newer.get(partition).answered() && !older.get(partition).answered())) {
            recoveries.incrementAndGet();
        }
    }

    private double ageSeconds(Instant oldest) {
        return Math.max(0, Duration.between(oldest, clock.instant()).toMillis()) / 1000.0;
    }

    /**
     * One partition's.
     *
     * @param oldest when its oldest event was added; null if there is none, or the partition is another instance's
     * @param answered false if Redis did not answer, and this is what it said before
     */
    private record Count(long length, @Nullable Instant oldest, boolean answered) {
        private Count unanswered() {
            return new Count(length, oldest, false);
        }
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
