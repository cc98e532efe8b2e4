package dev.sluice.signedurl;

import dev.sluice.intent.UploadIntent;
import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.release.PendingUpload;
import dev.sluice.release.PendingUploads;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** Remembers the bytes that were reserved for signed uploads, so that what is not used can be given back. */
final class Reservations {

    private static final Logger log = LoggerFactory.getLogger(Reservations.class);

    private final PendingUploads pending;
    private final Duration due;
    private final Clock clock;

    /** @param due from the signing until storage is asked: the URL's life and the grace */
    Reservations(PendingUploads pending, Duration due, Clock clock) {
        this.pending = pending;
        this.due = due;
        this.clock = clock;
    }

    /**
     * Completes with whether it is remembered; if not, the bytes stay charged. Never fails: the charge was made, and the URLs
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
        PendingUpload upload = new PendingUpload(charge, objects, now, amountBack, bytesBack, now + due.toMillis());
        return pending.add(PendingUploads.Kept.of(upload), due)
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
