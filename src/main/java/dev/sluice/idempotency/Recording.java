package dev.sluice.idempotency;

import dev.sluice.exchange.Attribute;
import dev.sluice.idempotency.IdempotencyRecords.Claim;
import dev.sluice.redis.RedisUnavailableException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/** That the answer of a request is to be kept. */
record Recording(IdempotencyRecords records, Claim claim) {

    /** Set by the filter that holds the record. */
    static final Attribute<Recording> ATTRIBUTE = Attribute.of(Recording.class);

    private static final Logger log = LoggerFactory.getLogger(Recording.class);

    /** The answer will not be kept. Never fails: at worst the record is held until its lease runs out. */
    Mono<Void> letGo() {
        return Mono.defer(() -> Mono.fromFuture(records.release(claim).toFuture(), true))
                .onErrorResume(RedisUnavailableException.class, error -> Mono.just(false))
                .then();
    }

    /**
     * Keeps the answer, also if the client leaves meanwhile; completes when it is kept, or cannot be. Never fails: the answer
     * is the client's either way.
     *
     * @param life how long the answer is of use; null for as long as the key
     */
    Mono<Void> keep(StoredAnswer answer, @Nullable Duration life) {
        return Mono.defer(() ->
                        Mono.fromFuture(records.complete(claim, answer, life).toFuture(), true))
                .onErrorResume(RedisUnavailableException.class, error -> {
                    log.warn("An answer is not kept for its repetition: {}", error.toString());
                    return Mono.empty();
                })
                .then();
    }
}
