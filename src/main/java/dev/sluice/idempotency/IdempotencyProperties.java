package dev.sluice.idempotency;

import jakarta.validation.constraints.AssertTrue;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How long keys hold.
 *
 * @param ttl for how long a key means the request that it came with first, 1 s to 7 d
 * @param maxWait how long a repetition waits for the end of the first request, at most 60 s; then 429
 *     TOO_MANY_IN_FLIGHT
 */
@ConfigurationProperties("sluice.idempotency")
@Validated
record IdempotencyProperties(
        @DefaultValue("24h") Duration ttl,
        @DefaultValue("2s") Duration maxWait) {

    @AssertTrue(message = "ttl must be 1s to 7d, for example 24h (property sluice.idempotency.ttl)")
    boolean isTtlValid() {
        return ttl.toSeconds() >= 1 && ttl.compareTo(Duration.ofDays(7)) <= 0;
    }

    @AssertTrue(message = "max-wait must be 0s to 60s, for example 2s (property sluice.idempotency.max-wait)")
    boolean isWaitValid() {
        return !maxWait.isNegative() && maxWait.compareTo(Duration.ofSeconds(60)) <= 0;
    }
}
