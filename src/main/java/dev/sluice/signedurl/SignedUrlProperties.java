package dev.sluice.signedurl;

import jakarta.validation.constraints.AssertTrue;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.validation.annotation.Validated;

/**
 * Who signs, and for how long.
 *
 * @param signer who signs: {@code server} asks storage, so that row-level security applies; {@code local} mints the
 *     token in the process, with the JWT secret, without the network and without row-level security; {@code s3}
 *     presigns an S3 PUT in the process that is bound to the declared size and type, without row-level security
 * @param expiresIn a URL's life where the request does not say it: with signers {@code local} and {@code s3}, and of
 *     downloads. An upload URL that the server signs lives as long as storage is set to
 * @param maxExpiresIn the longest life that may be asked for; with signer {@code s3} at most 7 d
 */
@ConfigurationProperties("sluice.signed-url")
@Validated
record SignedUrlProperties(
        @DefaultValue("server") SignerName signer,
        @Nullable Duration expiresIn,
        @DefaultValue("24h") Duration maxExpiresIn) {

    private static final Duration UPLOAD = Duration.ofHours(2);
    private static final Duration DOWNLOAD = Duration.ofHours(1);

    /** The names in the configuration. */
    enum SignerName {
        SERVER,
        LOCAL,
        S3
    }

    @AssertTrue(
            message = "max-expires-in must be at most 7d with signer s3, whose URLs live no longer (property"
                    + " sluice.signed-url.max-expires-in)")
    boolean isLifeOfS3Valid() {
        return signer != SignerName.S3 || maxExpiresIn.compareTo(Duration.ofDays(7)) <= 0;
    }

    @AssertTrue(
            message = "expires-in and max-expires-in must be at least 1s, and expires-in at most max-expires-in, for"
                    + " example 1h and 24h (properties sluice.signed-url.expires-in, .max-expires-in)")
    boolean isLifeValid() {
        return maxExpiresIn.toSeconds() >= 1
                && (expiresIn == null || (expiresIn.toSeconds() >= 1 && expiresIn.compareTo(maxExpiresIn) <= 0));
    }

    /** A URL's life where the request does not say it. */
    Duration expiresIn(Access access) {
        Duration standard = access == Access.UPLOAD ? UPLOAD : DOWNLOAD;
        Duration wanted = expiresIn == null ? standard : expiresIn;
        return wanted.compareTo(maxExpiresIn) > 0 ? maxExpiresIn : wanted;
    }
}
