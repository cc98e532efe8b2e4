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
 * @param batchSize events per write to Redis and per {@code apply_usage}; at most 1,000, which is how many rows a Supabase
 *     project answers at most
 * @param flushInterval how long an event waits for others at most, at each of the two steps
 * @param maxBacklog events in Redis, over all partitions; past it the quota's failure policy applies
 * @param retention how long the database knows an event's id; an older event is refused
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
