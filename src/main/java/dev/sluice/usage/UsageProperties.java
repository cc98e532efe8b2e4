package dev.sluice.usage;

import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How usage events travel.
 *
 * @param batchSize events per write to Redis and per {@code apply_usage}; at most 1,000, which is how many rows a
 *     Supabase project answers at most
 * @param flushInterval how long an event waits for others at most, at each of the two steps; 1 ms to 10 s
 * @param maxBacklog events in Redis, over all partitions; past it the quota's policy applies and events go straight to
 *     the database, else to the journal
 * @param retention how long the database knows an event's id; an older event is refused. At least a day more than
 *     {@code sluice.idempotency.ttl}, and two days more than the longest time until an upload is asked for: {@code
 *     sluice.upload.resumable-expiry}, with signer {@code s3} also a URL's life and 5 GiB at {@code release-min-rate},
 *     each with the grace (about 4 days by default)
 */
@ConfigurationProperties("sluice.usage")
@Validated
public record UsageProperties(
        @DefaultValue("500")
        @Min(value = 1, message = "must be 1 to 1000, for example 500") @Max(value = 1000, message = "must be 1 to 1000, for example 500") int batchSize,

        @DefaultValue("100ms")
        @DurationMin(millis = 1, message = "must be 1ms to 10s, for example 100ms")
        @DurationMax(seconds = 10, message = "must be 1ms to 10s, for example 100ms")
        Duration flushInterval,

        @DefaultValue("1000000") @Min(value = 1, message = "must be at least 1, for example 1000000") long maxBacklog,

        @DefaultValue("35d") @DurationMin(days = 1, message = "must be at least 1d, for example 35d")
        Duration retention) {}
