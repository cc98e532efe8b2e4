package dev.sluice.idempotency;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.Script;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * One record per user and key. While an attempt is under way it holds the record by a lease, which it renews; what comes
 * after a lease that has run out takes the attempt's place, and its event id. Every step fails with a
 * {@code RedisUnavailableException}.
 */
final class IdempotencyRecords {

    /** Within this time of an instance's death nobody takes the place of its attempts. */
    static final Duration LEASE = Duration.ofSeconds(30);

    private static final Script BEGIN = Script.load(IdempotencyRecords.class, "begin");
    private static final Script END = Script.load(IdempotencyRecords.class, "end");

    private final RedisConnection redis;
    private final Duration ttl;

    IdempotencyRecords(RedisConnection redis, Duration ttl) {
        this.redis = redis;
        this.ttl = ttl;
    }

    /** How long a key means the request that it came with first. */
    Duration ttl() {
        return ttl;
    }

    /** One attempt's claim on a record: its key, who holds it, what it asks for, and the event id if it is the first. */
    record Claim(String keyHash, String owner, String fingerprint, String eventId) {

        String key() {
            return KeySpace.idempotency(keyHash);
        }
    }

    /** How an attempt begins. */
    sealed interface Beginning {

        /**
         * The record is held by this attempt.
         *
         * @param eventId to charge under
         * @param first whether no attempt before it can have charged, or done, anything
         */
        record Held(String eventId, boolean first) implements Beginning {}

        /** The request was answered before. */
        record Answered(StoredAnswer answer) implements Beginning {}

        /** Another attempt is under way. */
        record Busy() implements Beginning {}

        /** The key belongs to another request. */
        record Conflict() implements Beginning {}
    }

    Mono<Beginning> begin(Claim claim) {
        return redis.eval(
                        BEGIN,
                        new String[] {claim.key()},
                        claim.fingerprint(),
                        claim.eventId(),
                        claim.owner(),
                        millis(LEASE),
                        millis(ttl))
                .map(IdempotencyRecords::beginning);
    }

    private static Beginning beginning(List<Object> reply) {
        return switch (String.valueOf(reply.get(0))) {
            case "held" -> new Beginning.Held(String.valueOf(reply.get(1)), "1".equals(String.valueOf(reply.get(2))));
            case "answered" -> new Beginning.Answered(StoredAnswer.read(String.valueOf(reply.get(1))));
            case "busy" -> new Beginning.Busy();
            case "conflict" -> new Beginning.Conflict();
            default -> throw new IllegalStateException("begin.lua answered " + reply.get(0));
        };
    }

    /** Holds the record for another lease; completes with whether it was still held. */
    Mono<Boolean> renew(Claim claim) {
        return end(claim, "renew", millis(LEASE), "");
    }

    /** Keeps the answer. @param life how long it is of use, null for as long as the key */
    Mono<Boolean> complete(Claim claim, StoredAnswer answer, @Nullable Duration life) {
        return end(claim, "complete", millis(life == null || life.compareTo(ttl) > 0 ? ttl : life), answer.json());
    }

    /** The attempt failed and may have had an effect, or follows one that may: the next continues under its event id. */
    Mono<Boolean> release(Claim claim) {
        return end(claim, "release", "0", "");
    }

    /** The attempt failed without effect: the next is a first one. */
    Mono<Boolean> forget(Claim claim) {
        return end(claim, "forget", "0", "");
    }

    private Mono<Boolean> end(Claim claim, String step, String millis, String answer) {
        return redis.eval(END, new String[] {claim.key()}, claim.owner(), step, millis, answer)
                .map(reply -> Long.valueOf(1).equals(reply.get(0)));
    }

    private static String millis(Duration duration) {
        return Long.toString(duration.toMillis());
    }
}
