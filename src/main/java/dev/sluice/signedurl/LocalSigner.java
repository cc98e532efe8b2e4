package dev.sluice.signedurl;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.util.function.BooleanSupplier;
import reactor.core.publisher.Mono;

/**
 * Mints the token itself: no network, but also no row-level security, and no refusal of a missing bucket or an existing
 * object before the upload. For deployments that rely on {@code BucketAccess} alone.
 */
final class LocalSigner implements Signer {

    private final TokenMint mint;
    private final PublicUrls urls;
    private final BooleanSupplier refused;

    /** @param refused whether storage is known not to accept minted tokens */
    LocalSigner(TokenMint mint, PublicUrls urls, BooleanSupplier refused) {
        this.mint = mint;
        this.urls = urls;
        this.refused = refused;
    }

    @Override
    public Mono<SignedUrl> sign(Order order) {
        return Mono.fromCallable(() -> {
            if (refused.getAsBoolean()) {
                throw Problem.of(ProblemCode.SUPABASE_ERROR)
                        .detail("Storage does not accept the tokens that are minted here")
                        .exception();
            }
            String token = switch (order.access()) {
                case UPLOAD -> mint.upload(order.object(), order.upsert(), order.userId(), order.expiresIn());
                case DOWNLOAD -> mint.download(order.object(), order.expiresIn());
            };
            return urls.signed(order.access(), order.object(), token, order.expiresIn());
        });
    }
}
