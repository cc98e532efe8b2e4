package dev.sluice.exchange;

import java.time.Duration;
import org.hibernate.validator.constraints.time.DurationMax;
import org.hibernate.validator.constraints.time.DurationMin;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * How an instance leaves.
 *
 * @param delay how long connections are still accepted after the instance was told to end, while its readiness is down
 *     already; for balancers that learn of it by asking, at least two of their periods. At most 25 s, since a phase of
 *     the shutdown takes 30 s at most
 */
@ConfigurationProperties("sluice.shutdown")
@Validated
record ShutdownProperties(
        @DefaultValue("0s")
        @DurationMin(message = "must be 0s to 25s, for example 10s")
        @DurationMax(seconds = 25, message = "must be 0s to 25s, for example 10s")
        Duration delay) {}
