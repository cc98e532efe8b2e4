package dev.sluice.signedurl;

import dev.sluice.exchange.Timings;
import dev.sluice.intent.ObjectPath;
import dev.sluice.intent.UploadIntent;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Signs URLs. */
interface Signer {

    /**
     * Refuses what this signer cannot sign, before anything is charged.
     *
     * @param prefix put before a field's name where it is wrong
     */
    default void check(Access access, UploadIntent intent, String prefix) {}

    /** Fails with a {@link dev.sluice.problem.ProblemException}; is never empty. */
    Mono<SignedUrl> sign(Order order);

    /**
     * What is to be signed.
     *
     * @param contentType the upload's declared type; null where none was given
     * @param contentLength the upload's declared size in bytes; null where none was given
     * @param upsert whether the upload may replace an object
     * @param expiresIn the URL's life, in whole seconds; a signer that cannot choose it leaves it to storage
     * @param userId who will own the object; null where nobody was identified
     * @param accessToken the caller's own Supabase token; secret, null where there is none
     * @param timings where a signer that asks storage adds the time it took
     */
    record Order(
            Access access,
            ObjectPath object,
            @Nullable String contentType,
            @Nullable Long contentLength,
            boolean upsert,
            Duration expiresIn,
            @Nullable String userId,
            @Nullable String accessToken,
            Timings timings) {

        @Override
        public String toString() {
            return "Order[" + access + ", " + object.bucket() + "]";
        }
    }

    /**
     * A URL ready for use; a secret until it expires.
     *
     * @param url absolute and percent-encoded
     * @param token storage's token, which the URL contains; null for one that has none
     * @param headers what the client must send with it, by name in lower case; empty where it is not bound to any
     * @param life how long it can be used
     */
    record SignedUrl(String url, @Nullable String token, Map<String, String> headers, Duration life) {

        /**
         * How long a repetition of the request may be answered with this URL; empty for as long as it is remembered. The bytes of
         * a URL that is bound to its upload are given back after its end: a new one under the same charge would cost none.
         */
        Optional<Duration> usefulFor() {
            return headers.isEmpty() ? Optional.of(life) : Optional.empty();
        }

        @Override
        public String toString() {
            return "SignedUrl[***]";
        }
    }
}
