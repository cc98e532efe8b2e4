package dev.sluice.signedurl;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.Timings;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.Problem;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** What may be signed, and for how long; the signing itself is the signer's. */
final class SignedUrls {

    private final Signer signer;
    private final SignedUrlProperties properties;

    SignedUrls(Signer signer, SignedUrlProperties properties) {
        this.signer = signer;
        this.properties = properties;
    }

    /**
     * Refuses what cannot be signed; cheap, and meant to be asked before anything is charged.
     *
     * @param prefix put before a field's name where it is wrong
     */
    void check(Access access, UploadIntent intent, String prefix) {
        if (access == Access.UPLOAD && intent.contentType() == null) {
            throw Problem.invalid(
                            prefix + "contentType",
                            prefix + "contentType is missing",
                            "Give the media type of the upload, for example image/png")
                    .exception();
        }
        Duration expiresIn = intent.expiresIn();
        if (access == Access.DOWNLOAD && expiresIn != null && expiresIn.compareTo(properties.maxExpiresIn()) > 0) {
            long max = properties.maxExpiresIn().toSeconds();
            throw Problem.invalid(
                            "expiresIn", "expiresIn is longer than " + max + " s", "Give at most " + max + " seconds")
                    .exception();
        }
    }

    Mono<Signer.SignedUrl> sign(Access access, UploadIntent intent, @Nullable Caller caller, Timings timings) {
        Duration asked = access == Access.DOWNLOAD ? intent.expiresIn() : null;
        return signer.sign(new Signer.Order(
                access,
                intent.object(),
                intent.upsert(),
                asked == null ? properties.expiresIn(access) : asked,
                caller == null ? null : caller.userId(),
                caller == null ? null : caller.accessToken(),
                timings));
    }
}
