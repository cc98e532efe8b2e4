package dev.sluice.exchange;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How long a client may take. Past any of these it is refused with 408 REQUEST_TIMEOUT and its connection is closed.
 *
 * @param headerTimeout from the first byte of a request's head to its last; longer than 0
 * @param idleTimeout how long a connection on which nothing is asked stays open; then it is closed without an answer.
 *     Longer than 0, and longer than a load balancer's own, or it reuses what is being closed
 * @param bodyTimeout for a whole JSON body, and for the rest of a body whose request has been answered; longer than 0
 * @param minUploadRate bytes per second that a proxied body must bring; {@code 0} turns the check off
 * @param minUploadWindow the time over which that rate is averaged, at least 1 s. Only time in which Sluice waits for
 *     the client counts: a slow backend is not the client's fault
 */
@ConfigurationProperties("sluice.client")
public record ClientProperties(
        @DefaultValue("10s") Duration headerTimeout,
        @DefaultValue("60s") Duration idleTimeout,
        @DefaultValue("10s") Duration bodyTimeout,
        @DefaultValue("1KB") DataSize minUploadRate,
        @DefaultValue("30s") Duration minUploadWindow) {

    public ClientProperties {
        atLeast("header-timeout", headerTimeout, Duration.ofMillis(1), "10s");
        atLeast("idle-timeout", idleTimeout, Duration.ofMillis(1), "60s");
        atLeast("body-timeout", bodyTimeout, Duration.ofMillis(1), "10s");
        atLeast("min-upload-window", minUploadWindow, Duration.ofSeconds(1), "30s");
        if (minUploadRate.isNegative()) {
            throw new IllegalArgumentException(
                    "sluice.client.min-upload-rate must not be negative: give bytes per second, for example 1KB");
        }
    }

    private static void atLeast(String name, Duration value, Duration least, String example) {
        if (value.compareTo(least) < 0) {
            throw new IllegalArgumentException(
                    "sluice.client." + name + " must be at least " + least.toMillis() + "ms, for example " + example);
        }
    }
}
