package dev.sluice.signedurl;

import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import software.amazon.awssdk.http.SdkHttpMethod;
import software.amazon.awssdk.http.SdkHttpRequest;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4FamilyHttpSigner.AuthLocation;
import software.amazon.awssdk.http.auth.aws.signer.AwsV4HttpSigner;
import software.amazon.awssdk.http.auth.spi.signer.HttpSigner;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/**
 * Presigns requests to an S3 endpoint, path style (AWS Signature Version 4, query string). Every header that is given is
 * signed, so the URL is good only with exactly these, and with the host that it names.
 */
final class S3Presigner {

    private final AwsV4HttpSigner signer = AwsV4HttpSigner.create();
    private final AwsCredentialsIdentity key;
    private final String region;
    private final Clock clock;

    S3Presigner(S3Properties properties, Clock clock) {
        this.key = AwsCredentialsIdentity.create(properties.accessKey(), properties.secretKey());
        this.region = properties.region();
        this.clock = clock;
    }

    /**
     * @param endpoint without a slash at the end
     * @param encodedPath bucket and path, every byte but slashes and unreserved characters percent-encoded
     * @param headers to be signed, names in lower case
     * @param life 1 s to 7 d
     */
    URI presign(SdkHttpMethod method, String endpoint, String encodedPath, Map<String, String> headers, Duration life) {
        SdkHttpRequest.Builder request =
                SdkHttpRequest.builder().method(method).uri(URI.create(endpoint + "/" + encodedPath));
        headers.forEach(request::putHeader);
        return signer.sign(signing -> signing.identity(key)
                        .request(request.build())
                        .putProperty(AwsV4HttpSigner.SERVICE_SIGNING_NAME, "s3")
                        .putProperty(AwsV4HttpSigner.REGION_NAME, region)
                        .putProperty(AwsV4HttpSigner.AUTH_LOCATION, AuthLocation.QUERY_STRING)
                        .putProperty(AwsV4HttpSigner.EXPIRATION_DURATION, life)
                        .putProperty(AwsV4HttpSigner.PAYLOAD_SIGNING_ENABLED, false)
                        .putProperty(AwsV4HttpSigner.DOUBLE_URL_ENCODE, false)
                        .putProperty(AwsV4HttpSigner.NORMALIZE_PATH, false)
                        .putProperty(HttpSigner.SIGNING_CLOCK, clock))
                .request()
                .getUri();
    }
}
