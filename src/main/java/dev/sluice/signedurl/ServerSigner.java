package dev.sluice.signedurl;

import dev.sluice.exchange.Stage;
import dev.sluice.supabase.StorageApi;
import reactor.core.publisher.Mono;

/**
 * Lets storage sign, as the caller where there is an access token. An upload token's life is storage's setting, and it
 * binds neither size nor content type.
 */
final class ServerSigner implements Signer {

    private final StorageApi storage;
    private final PublicUrls urls;

    ServerSigner(StorageApi storage, PublicUrls urls) {
        this.storage = storage;
        this.urls = urls;
    }

    @Override
    public Mono<SignedUrl> sign(Order order) {
        String path = order.object().encoded();
        Mono<String> token = switch (order.access()) {
            case UPLOAD -> storage.signUpload(path, order.upsert(), order.accessToken());
            case DOWNLOAD -> storage.signDownload(path, order.expiresIn(), order.accessToken());
        };
        return order.timings()
                .measure(Stage.SUPABASE, token)
                .map(signed -> urls.signed(order.access(), order.object(), signed));
    }
}
