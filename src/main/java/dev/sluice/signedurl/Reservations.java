package dev.sluice.signedurl;

import dev.sluice.intent.UploadIntent;
import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.release.PendingUpload;
import dev.sluice.release.PendingUploads;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.LongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** Remembers the bytes that were reserved for signed uploads, so that what is not used can be given back. */
final class Reservations {

    private static final Logger log = LoggerFactory.getLogger(Reservations.class);

    private final PendingUploads pending;
    private final LongFunction<Duration> due;
    private final Clock clock;

    /** @param due from the signing of so many bytes until storage is asked for them */
    Reservations(PendingUploads pending, LongFunction<Duration> due, Clock clock) {
        this.pending = pending;
        this.due = due;
        this.clock = clock;
    }

    /**
     * A batch is waited for as one: its uploads may share the client's line.
     *
     * <p>Completes with whether it is remembered; if not, the bytes stay charged. Never fails: the charge was made, and the URLs
     * are good.
     *
     * @param amountBack requests to be given back in any case, with the bytes of what was not used
     * @param bytesBack bytes to be given back in any case
     */
    Mono<Boolean> remember(UsageEvent charge, List<UploadIntent> signed, long amountBack, long bytesBack) {
        long now = clock.millis();
        List<PendingUpload.Target> objects = signed.stream()
                .map(intent -> new PendingUpload.Target(
                        intent.object().bucket(), intent.object().path(), intent.declaredBytes(), null))
                .toList();
        Duration after = due.apply(
                objects.stream().mapToLong(PendingUpload.Target::bytes).sum());
        PendingUpload upload = new PendingUpload(charge, objects, now, amountBack, bytesBack, now + after.toMillis());
        return pending.add(PendingUploads.Kept.of(upload), after)
                .thenReturn(true)
                .onErrorResume(RedisUnavailableException.class, error -> {
                    log.warn(
                            "The bytes of charge {} stay charged if they are not used: {}",
                            charge.id(),
                            error.toString());
                    return Mono.just(false);
                });
    }
}
