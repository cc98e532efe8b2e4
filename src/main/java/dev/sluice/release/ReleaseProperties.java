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
 * @param resumableExpiry how long a resumable upload may take from its beginning to its end, 1 s to 7 d; at least
 *     storage's own limit ({@code TUS_URL_EXPIRY_MS}). What it reserved stays charged for as long
 * @param releaseGrace after that, or after the end of a URL of signer {@code s3}, for an upload that is on its way,
 *     before its bytes may be given back
 * @param releaseMinRate bytes per second that an upload to a URL of signer {@code s3} is expected to bring at least: it
 *     is waited for as long as its size then takes (1 GiB: 4.6 hours), beyond the grace. A slower one may end uncharged
 * @param releaseInterval how often uploads that have expired are looked for, at least 100 ms; what storage could not
 *     answer is asked again after five of it, for a day; then the bytes stay charged
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
