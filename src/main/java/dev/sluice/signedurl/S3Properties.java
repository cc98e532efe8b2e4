package dev.sluice.signedurl;

import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.NotBlank;
import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.validation.annotation.Validated;

/**
 * Storage's S3 endpoint, and the access key that signer {@code s3} signs with.
 *
 * @param accessKey the id of a storage access key; required with signer {@code s3}
 * @param secretKey its secret. Such a key may use every bucket, past row-level security; it never leaves the process.
 *     Secret, required with signer {@code s3}
 * @param region the project's; required with signer {@code s3}
 * @param endpoint storage's S3 endpoint as Sluice reaches it
 * @param publicEndpoint the same as clients reach it. Its host is a part of the signature, so whatever stands before
 *     storage must pass {@code Host} on as it came
 */
@ConfigurationProperties("sluice.s3")
@Validated
record S3Properties(
        @NotBlank(
                message =
                        "must be set to the id of a storage access key, for example 625729a08b95bf1b7ff351a663f3a23c, for"
                                + " sluice.signed-url.signer=s3 (environment SLUICE_S3_ACCESS_KEY)")
        String accessKey,

        @NotBlank(
                message = "must be set to the secret of that storage access key, 64 hexadecimal digits, for"
                        + " sluice.signed-url.signer=s3 (environment SLUICE_S3_SECRET_KEY)")
        String secretKey,

        @NotBlank(
                message = "must be set to the project's region, for example eu-central-1, for"
                        + " sluice.signed-url.signer=s3 (environment SLUICE_S3_REGION)")
        String region,

        @Nullable URI endpoint,
        @Nullable URI publicEndpoint) {

    private static final String PATH = "/storage/v1/s3";

    @AssertTrue(
            message =
                    "endpoint and public-endpoint must be absolute http or https addresses without a query, for example"
                            + " https://abc.supabase.co/storage/v1/s3 (properties sluice.s3.endpoint, .public-endpoint)")
    boolean isEndpointValid() {
        return isValid(endpoint) && isValid(publicEndpoint);
    }

    /** As this process reaches it, without a slash at the end. */
    String endpoint(URI supabase) {
        return isSet(endpoint) ? base(endpoint) : base(supabase) + PATH;
    }

    /** As clients reach it, without a slash at the end. */
    String publicEndpoint(URI supabasePublic) {
        return isSet(publicEndpoint)
                ? base(publicEndpoint)
                : isSet(endpoint) ? base(endpoint) : base(supabasePublic) + PATH;
    }

    private static boolean isValid(@Nullable URI uri) {
        return uri == null
                || uri.toString().isBlank()
                || (uri.getHost() != null
                        && ("http".equals(uri.getScheme()) || "https".equals(uri.getScheme()))
                        && uri.getRawQuery() == null
                        && uri.getRawFragment() == null);
    }

    private static boolean isSet(@Nullable URI uri) {
        return uri != null && !uri.toString().isBlank();
    }

    private static String base(@Nullable URI uri) {
        return String.valueOf(uri).replaceAll("/+$", "");
    }

    @Override
    public String toString() {
        return "S3Properties[region=" + region + ", endpoint=" + endpoint + ", publicEndpoint=" + publicEndpoint
                + ", accessKey=***, secretKey=***]";
    }
}
