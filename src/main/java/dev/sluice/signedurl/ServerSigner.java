package dev.sluice.signedurl;

import dev.sluice.exchange.Stage;
import dev.sluice.supabase.StorageApi;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import reactor.core.publisher.Mono;

/**
 * Lets storage sign, as the caller where there is an access token. An upload token's life is storage's setting, and it
 * binds neither size nor content type.
 */
final class ServerSigner implements Signer {

    private static final Pattern EXPIRY = Pattern.compile("\"exp\":(\\d{1,12})[,}.]");

    private final StorageApi storage;
    private final PublicUrls urls;
    private final Clock clock;

    ServerSigner(StorageApi storage, PublicUrls urls, Clock clock) {
        this.storage = storage;
        this.urls = urls;
        this.clock = clock;
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
                .map(signed -> urls.signed(order.access(), order.object(), signed, life(signed, order)));
    }

    /** As the token itself says, which storage made; else what was asked for. */
    private Duration life(String token, Order order) {
        try {
            String claims =
                    new String(Base64.getUrlDecoder().decode(token.split("\\.")[1]), StandardCharsets.ISO_8859_1);
            Matcher expiry = EXPIRY.matcher(claims);
            if (expiry.find()) {
                Duration life =
                        Duration.between(clock.instant(), Instant.ofEpochSecond(Long.parseLong(expiry.group(1))));
                return life.isNegative() ? Duration.ZERO : life;
            }
        } catch (IllegalArgumentException e) {
            // Nothing that can be read is nothing that could be trusted more than the settings.
        }
        return order.expiresIn();
    }
}
