package dev.sluice.release;

import dev.sluice.admission.UsageSink;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.release.PendingUpload.Target;
import dev.sluice.release.PendingUploads.Kept;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Looks for uploads that are due, and gives back what was reserved for those that did not come. */
public final class UnusedUploads {

    private static final Logger log = LoggerFactory.getLogger(UnusedUploads.class);

    /** For this long an upload is asked for; an outage of storage that lasts longer costs its callers what they reserved. */
    public static final Duration PATIENCE = Duration.ofDays(1);

    /** For Redis to take a refund, before it goes to the journal. */
    private static final Duration REFUND = Duration.ofSeconds(2);

    private static final int BATCH = 50;

    /** Batches of one partition in one round; what is due after them waits for the next. */
    private static final int MAX_BATCHES = 40;

    /** Partitions that are looked at together, and questions to storage for each. */
    private static final int CONCURRENCY = 4;

    private final PendingUploads pending;
    private final List<UploadProbe> probes;
    private final UsageSink usage;
    private final Clock clock;
    private final Duration interval;
    private final MeterRegistry metrics;

    /**
     * @param pending on a connection of the background
     * @param interval between two looks, and five of it until one that storage could not answer is asked for again
     */
    public UnusedUploads(
            PendingUploads pending,
            List<UploadProbe> probes,
            UsageSink usage,
            Clock clock,
            Duration interval,
            MeterRegistry metrics) {
        this.pending = pending;
        this.probes = List.copyOf(probes);
        this.usage = usage;
        this.clock = clock;
        this.interval = interval;
        this.metrics = metrics;
    }

    /**
     * Looks at all partitions, in turn and again at those where more is due. What fails in one holds up no other. Never fails.
     */
    public Mono<Void> look() {
        return Mono.defer(() -> {
            AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
            return pass(IntStream.range(0, KeySpace.PARTITIONS).boxed().toList(), MAX_BATCHES, failure)
                    .doOnSuccess(done -> {
                        if (failure.get() != null) {
                            log.warn("Reserved bytes wait to be given back: {}", String.valueOf(failure.get()));
                        }
                    });
        });
    }

    private Mono<Void> pass(List<Integer> partitions, int more, AtomicReference<@Nullable Throwable> failure) {
        return Flux.fromIterable(partitions)
                .flatMap(
                        partition -> batch(partition).onErrorResume(error -> {
                            failure.set(error);
                            return Mono.empty();
                        }),
                        CONCURRENCY)
                .collectList()
                .flatMap(full -> full.isEmpty() || more == 1 ? Mono.empty() : pass(full, more - 1, failure));
    }

    /** Completes with the partition if more may be due there. */
    private Mono<Integer> batch(int partition) {
        return pending.take(partition, interval.multipliedBy(5), BATCH)
                .flatMap(batch -> Flux.fromIterable(batch.kept())
                        .flatMap(this::decide, CONCURRENCY)
                        .then(batch.members() == BATCH ? Mono.just(partition) : Mono.empty()));
    }

    private Mono<Void> decide(Kept kept) {
        PendingUpload upload = kept.upload();
        Instant signedAt = Instant.ofEpochMilli(upload.signedAtEpochMilli());
        return Flux.fromIterable(upload.objects())
                .flatMap(target -> came(target, signedAt).map(came -> came ? 0L : target.bytes()), CONCURRENCY)
                .reduce(0L, Long::sum)
                .flatMap(bytes -> release(kept, bytes + upload.bytesBack()))
                .onErrorResume(error -> later(kept, error));
    }

    private Mono<Boolean> came(Target target, Instant since) {
        return probes.stream()
                .filter(probe -> probe.knows(target))
                .findFirst()
                .map(probe -> probe.cameSince(target, since))
                .orElseGet(() -> Mono.error(
                        new IllegalStateException("With the present settings nobody can ask for such uploads")));
    }

    private Mono<Void> release(Kept kept, long bytes) {
        PendingUpload upload = kept.upload();
        boolean nothing = bytes == 0 && upload.amountBack() == 0;
        count(nothing ? "used" : "released");
        Mono<Void> refund =
                nothing ? Mono.empty() : usage.refund(upload.charge().part(upload.amountBack(), bytes), REFUND);
        return refund.then(Mono.defer(() -> pending.drop(kept)));
    }

    private Mono<Void> later(Kept kept, Throwable error) {
        if (error instanceof RedisUnavailableException) {
            return Mono.error(error);
        }
        if (clock.millis() - kept.upload().dueAtEpochMilli() < PATIENCE.toMillis()) {
            count("retried");
            log.debug("Storage does not say whether an upload came: {}", error.toString());
            return Mono.empty();
        }
        count("given_up");
        long bytes = kept.upload().objects().stream().mapToLong(Target::bytes).sum();
        log.warn(
                "Storage does not say whether the uploads of charge {} came; {} bytes stay charged: {}",
                kept.upload().charge().id(),
                bytes,
                error.toString());
        return pending.drop(kept);
    }

    private void count(String outcome) {
        Counter.builder("sluice.upload.release")
                .description("Uploads that have expired by what became of the bytes that were reserved for them")
                .tag("outcome", outcome)
                .register(metrics)
                .increment();
    }
}
