package dev.sluice.signedurl;

import dev.sluice.exchange.Timings;
import dev.sluice.intent.ObjectPath;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Signs URLs. */
interface Signer {

    /** Fails with a {@link dev.sluice.problem.ProblemException}; is never empty. */
    Mono<SignedUrl> sign(Order order);

    /**
     * What is to be signed.
     *
     * @param upsert whether the upload may replace an object
     * @param expiresIn the URL's life, in whole seconds; a signer that cannot choose it leaves it to storage
     * @param userId who will own the object; null where nobody was identified
     * @param accessToken the caller's own Supabase token; secret, null where there is none
     * @param timings where a signer that asks storage adds the time it took
     */
    record Order(
            Access access,
            ObjectPath object,
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
     * @param token storage's token, which the URL contains
     * @param life how long it can be used
     */
    record SignedUrl(String url, String token, Duration life) {

        @Override
        public String toString() {
            return "SignedUrl[***]";
        }
    }
}
