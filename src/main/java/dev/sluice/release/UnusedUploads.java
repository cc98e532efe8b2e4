package dev.sluice.release;

import dev.sluice.admission.UsageSink;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.release.PendingUpload.Target;
import dev.sluice.release.PendingUploads.Taken;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Looks for uploads that are due, and gives back what was reserved for those that did not come. */
public final class UnusedUploads {

    private static final Logger log = LoggerFactory.getLogger(UnusedUploads.class);

    /** For this long an upload is asked for; an outage of storage that lasts longer costs its callers what they reserved. */
    private static final Duration PATIENCE = Duration.ofDays(1);

    /** For Redis to take a refund, before it goes to the journal. */
    private static final Duration REFUND = Duration.ofSeconds(2);

    private static final int BATCH = 50;
    private static final int CONCURRENCY = 4;

    private final PendingUploads pending;
    private final UploadProbe probe;
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
            UploadProbe probe,
            UsageSink usage,
            Clock clock,
            Duration interval,
            MeterRegistry metrics) {
        this.pending = pending;
        this.probe = probe;
        this.usage = usage;
        this.clock = clock;
        this.interval = interval;
        this.metrics = metrics;
    }

    /** Looks at all partitions, once. Never fails. */
    public Mono<Void> look() {
        return Flux.range(0, KeySpace.PARTITIONS)
                .concatMap(partition -> pending.take(partition, interval.multipliedBy(5), BATCH))
                .concatMapIterable(taken -> taken)
                .flatMap(this::decide, CONCURRENCY)
                .then()
                .onErrorResume(error -> {
                    log.warn("Reserved bytes wait to be given back: {}", error.toString());
                    return Mono.empty();
                });
    }

    private Mono<Void> decide(Taken taken) {
        PendingUpload upload = taken.upload();
        Instant signedAt = Instant.ofEpochMilli(upload.signedAtEpochMilli());
        return Flux.fromIterable(upload.objects())
                .flatMap(
                        target -> probe.cameSince(target.bucket(), target.path(), signedAt)
                                .map(came -> came ? 0L : target.bytes()),
                        CONCURRENCY)
                .reduce(0L, Long::sum)
                .flatMap(bytes -> release(taken, bytes + upload.bytesBack()))
                .onErrorResume(error -> later(taken, error));
    }

    private Mono<Void> release(Taken taken, long bytes) {
        PendingUpload upload = taken.upload();
        boolean nothing = bytes == 0 && upload.amountBack() == 0;
        count(nothing ? "used" : "released");
        Mono<Void> refund =
                nothing ? Mono.empty() : usage.refund(upload.charge().part(upload.amountBack(), bytes), REFUND);
        return refund.then(Mono.defer(() -> pending.drop(taken)));
    }

    private Mono<Void> later(Taken taken, Throwable error) {
        if (error instanceof RedisUnavailableException) {
            return Mono.error(error);
        }
        if (clock.millis() - taken.upload().dueAtEpochMilli() < PATIENCE.toMillis()) {
            count("retried");
            log.debug("Storage does not say whether an upload came: {}", error.toString());
            return Mono.empty();
        }
        count("given_up");
        long bytes = taken.upload().objects().stream().mapToLong(Target::bytes).sum();
        log.warn(
                "Storage does not say whether the uploads of charge {} came; {} bytes stay charged: {}",
                taken.upload().charge().id(),
                bytes,
                error.toString());
        return pending.drop(taken);
    }

    private void count(String outcome) {
        Counter.builder("sluice.upload.release")
                .description("Expired upload URLs by what became of the bytes that were reserved for them")
                .tag("outcome", outcome)
                .register(metrics)
                .increment();
    }
}
