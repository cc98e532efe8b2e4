package dev.sluice.journal;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One event of a user's usage, as {@code apply_usage} takes it.
 *
 * @param id a UUIDv7 minted once by the gateway; a refund's is {@code <charge id>:r}, an outcome's is its charge's id
 * @param kind what it records
 * @param userId whose usage it is
 * @param apiKeyId the API key that was used, if any
 * @param operation such as {@code signed-url}
 * @param provider such as {@code supabase}
 * @param amount requests: at least 0 in a charge and at most 0 in a refund
 * @param bytes bytes, signed as {@code amount}; in an outcome the bytes that passed
 * @param success of an outcome; null in charges and refunds
 * @param code the refusal or error of an outcome that failed
 * @param periodEndsAt the end of the period it was charged in; null if the quota has no period
 * @param occurredAt when it happened
 */
public record UsageEvent(
        String id,
        Kind kind,
        String userId,
        @Nullable String apiKeyId,
        String operation,
        String provider,
        long amount,
        long bytes,
        @Nullable Boolean success,
        @Nullable String code,
        @Nullable Instant periodEndsAt,
        Instant occurredAt) {

    /** What an event records. */
    public enum Kind {
        /** Capacity taken before the operation. */
        @JsonProperty("charge")
        CHARGE("charge"),
        /** Capacity given back because the operation had no effect. */
        @JsonProperty("refund")
        REFUND("refund"),
        /** How the operation ended; moves metrics, never the quota. */
        @JsonProperty("outcome")
        OUTCOME("outcome");

        private final String word;

        Kind(String word) {
            this.word = word;
        }

        /** As it is written in JSON. */
        public String word() {
            return word;
        }

        static @Nullable Kind of(String word) {
            return switch (word) {
                case "charge" -> CHARGE;
                case "refund" -> REFUND;
                case "outcome" -> OUTCOME;
                default -> null;
            };
        }
    }

    /** The same under another id, which has not been sent anywhere. */
    public UsageEvent withId(String newId) {
        return new UsageEvent(
                newId,
                kind,
                userId,
                apiKeyId,
                operation,
                provider,
                amount,
                bytes,
                success,
                code,
                periodEndsAt,
                occurredAt);
    }

    /** This event in the period that it was charged in. */
    public UsageEvent withPeriod(@Nullable Instant endsAt) {
        return new UsageEvent(
                id, kind, userId, apiKeyId, operation, provider, amount, bytes, success, code, endsAt, occurredAt);
    }

    /**
     * A part of this charge under the charge's own id, to be refunded where the rest of it stays charged. A charge has one
     * refund: of all of it or of one part.
     */
    public UsageEvent part(long partAmount, long partBytes) {
        return new UsageEvent(
                id,
                kind,
                userId,
                apiKeyId,
                operation,
                provider,
                partAmount,
                partBytes,
                success,
                code,
                periodEndsAt,
                occurredAt);
    }

    /** The refund of this charge; applying it more than once, or before the charge, does no harm. */
    public UsageEvent refund(Instant now) {
        return new UsageEvent(
                id + ":r",
                Kind.REFUND,
                userId,
                apiKeyId,
                operation,
                provider,
                -amount,
                -bytes,
                null,
                null,
                periodEndsAt,
                now);
    }
}
