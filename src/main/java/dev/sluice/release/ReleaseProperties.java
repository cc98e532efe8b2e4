package dev.sluice.release;

import jakarta.validation.constraints.AssertTrue;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;
import org.springframework.validation.annotation.Validated;

/**
 * When the bytes that were reserved for an upload are given back if it has not come.
 *
 * @param resumableExpiry how long a resumable upload may take from its beginning to its end; at most 7 days
 * @param releaseGrace after that, or after the end of a URL that signer {@code s3} made, for an upload that is on its way
 * @param releaseMinRate bytes per second that an upload to such a URL is expected to bring at least: it is waited for as long
 *     as its size then takes, beyond the grace
 * @param releaseInterval how often it is looked for uploads that have expired; at least 100 ms
 */
@ConfigurationProperties("sluice.upload")
@Validated
public record ReleaseProperties(
        @DefaultValue("24h") Duration resumableExpiry,
        @DefaultValue("10m") Duration releaseGrace,
        @DefaultValue("64KB") DataSize releaseMinRate,
        @DefaultValue("1m") Duration releaseInterval) {

    private static final Duration LONGEST = Duration.ofDays(7);

    @AssertTrue(
            message =
                    "resumable-expiry must be 1s to 7d, release-grace 0s to 7d and release-interval at least 100ms, for"
                            + " example 24h, 10m and 1m (properties sluice.upload.resumable-expiry, .release-grace,"
                            + " .release-interval)")
    boolean isReleaseValid() {
        return resumableExpiry.toSeconds() >= 1
                && resumableExpiry.compareTo(LONGEST) <= 0
                && !releaseGrace.isNegative()
                && releaseGrace.compareTo(LONGEST) <= 0
                && releaseInterval.toMillis() >= 100;
    }

    @AssertTrue(
            message = "release-min-rate must be at least 1B, bytes per second, for example 64KB (property"
                    + " sluice.upload.release-min-rate)")
    boolean isReleaseMinRateValid() {
        return releaseMinRate.toBytes() >= 1;
    }

    /** From the end of a URL until storage is asked for an upload of so many bytes, up to some terabytes. */
    public Duration after(long bytes) {
        return releaseGrace.plusMillis(bytes * 1000 / releaseMinRate.toBytes());
    }
}
