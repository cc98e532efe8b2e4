package dev.sluice.signedurl;

import dev.sluice.admission.Admission;
import dev.sluice.caller.Caller;
import dev.sluice.exchange.Timings;
import dev.sluice.intent.UploadIntent;
import dev.sluice.journal.UsageEvent;
import dev.sluice.problem.Problem;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** What may be signed, and for how long; the signing itself is the signer's. */
final class SignedUrls {

    private final Signer signer;
    private final SignedUrlProperties properties;
    private final @Nullable Reservations reservations;

    /** @param reservations null where a signer's URLs do not bind what is uploaded */
    SignedUrls(Signer signer, SignedUrlProperties properties, @Nullable Reservations reservations) {
        this.signer = signer;
        this.properties = properties;
        this.reservations = reservations;
    }

    /** Whether the bytes of what is signed are reserved until it is known what became of them. */
    boolean reserves() {
        return reservations != null;
    }

    /**
     * Sees to it that what was charged and is not used is given back: for what was not signed when the request ends, and of what
     * was signed, where bytes are reserved, when it was not uploaded. A charge has one refund, so there all is given back then.
     *
     * @param signed what was signed
     * @param unsigned what was charged and not signed
     */
    Mono<Void> settle(Admission admission, List<UploadIntent> signed, List<UploadIntent> unsigned) {
        if (reservations == null && unsigned.isEmpty()) {
            return Mono.empty();
        }
        int all = signed.size() + unsigned.size();
        long bytes = unsigned.stream().mapToLong(UploadIntent::declaredBytes).sum();
        UsageEvent charge = admission.charge();
        if (reservations == null || charge == null || charge.bytes() == 0) {
            admission.giveBack(unsigned.size(), all, bytes);
            return Mono.empty();
        }
        return reservations
                .remember(charge, signed, charge.amount() / all * unsigned.size(), bytes)
                .doOnNext(remembered -> {
                    if (!remembered) {
                        admission.giveBack(unsigned.size(), all, bytes);
                    }
                })
                .then();
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
        signer.check(access, intent, prefix);
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
                intent.contentType(),
                intent.contentLength(),
                intent.upsert(),
                asked == null ? properties.expiresIn(access) : asked,
                caller == null ? null : caller.userId(),
                caller == null ? null : caller.accessToken(),
                timings));
    }
}
