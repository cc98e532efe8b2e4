package dev.sluice.storage;

import dev.sluice.admission.UsageSink;
import dev.sluice.intent.ObjectPath;
import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.RedisUnavailableException;
import dev.sluice.release.PendingUpload;
import dev.sluice.release.PendingUploads;
import dev.sluice.release.PendingUploads.Kept;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * What was charged for each resumable upload when it began, until it ends. It is kept twice in Redis: among the uploads that
 * are waited for, and by the upload's id, so that whoever ends the upload finds it. Of what Redis forgets the charge stays.
 * Nothing here fails; what is begun is carried out also if its client leaves.
 */
final class Reservations {

    private static final Logger log = LoggerFactory.getLogger(Reservations.class);

    private final PendingUploads pending;
    private final RedisConnection redis;
    private final UsageSink usage;
    private final Duration due;
    private final Clock clock;

    /** @param due from the beginning until an upload is ended and what was charged for it given back */
    Reservations(PendingUploads pending, RedisConnection redis, UsageSink usage, Duration due, Clock clock) {
        this.pending = pending;
        this.redis = redis;
        this.usage = usage;
        this.due = due;
        this.clock = clock;
    }

    /**
     * An upload began.
     *
     * @param uploadId the last segment of its address; empty if its client was never told it
     */
    Mono<Void> begun(UsageEvent charge, ObjectPath object, String uploadId) {
        long now = clock.millis();
        PendingUpload.Target target =
                new PendingUpload.Target(object.bucket(), object.path(), charge.bytes(), uploadId);
        Kept kept = Kept.of(new PendingUpload(charge, List.of(target), now, 0, 0, now + due.toMillis()));
        Mono<Void> byId = uploadId.isEmpty()
                ? Mono.empty()
                : redis.call(commands -> commands.psetex(KeySpace.resumable(uploadId), due.toMillis(), kept.text()))
                        .then();
        return carriedOut(Mono.when(pending.add(kept, due), byId));
    }

    /** All of it has come. */
    Mono<Void> finished(String uploadId) {
        return ended(uploadId, kept -> Mono.empty());
    }

    /**
     * It was given up before all of it had come. Completes when what had not come is given back, which is durable then.
     *
     * @param missing bytes that had not come, at least 0
     * @param patience for Redis, before the refund goes to the journal
     */
    Mono<Void> givenUp(String uploadId, long missing, Duration patience) {
        return ended(uploadId, kept -> {
            UsageEvent charge = kept.upload().charge();
            return usage.refund(charge.part(0, Math.min(missing, charge.bytes())), patience);
        });
    }

    private Mono<Void> ended(String uploadId, Function<Kept, Mono<Void>> settle) {
        String key = KeySpace.resumable(uploadId);
        return carriedOut(redis.call(commands -> commands.get(key))
                .map(Kept::read)
                .flatMap(kept -> settle.apply(kept)
                        .then(Mono.defer(
                                () -> Mono.when(pending.drop(kept), redis.call(commands -> commands.del(key)))))));
    }

    private static Mono<Void> carriedOut(Mono<Void> work) {
        Mono<Void> safe = work.onErrorResume(RedisUnavailableException.class, error -> {
            log.warn("What is reserved for a resumable upload is settled later, or stays: {}", error.toString());
            return Mono.empty();
        });
        return Mono.defer(() -> Mono.fromFuture(safe.toFuture(), true));
    }
}
