package dev.sluice.signedurl;

import dev.sluice.intent.ObjectPath;
import dev.sluice.supabase.SupabaseProperties;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;

/** Where clients send their signed requests: storage's own answer is relative and not encoded. */
final class PublicUrls {

    private final String base;

    /** @param publicUrl the project's address as clients reach it, without a slash at the end */
    PublicUrls(URI publicUrl) {
        this.base = publicUrl + "/storage/v1/object/";
    }

    static PublicUrls of(SupabaseProperties supabase) {
        return new PublicUrls(Objects.requireNonNull(supabase.publicUrl(), "publicUrl"));
    }

    Signer.SignedUrl signed(Access access, ObjectPath object, String token, Duration life) {
        String kind = switch (access) {
            case UPLOAD -> "upload/sign/";
            case DOWNLOAD -> "sign/";
        };
        return new Signer.SignedUrl(base + kind + object.encoded() + "?token=" + token, token, Map.of(), life);
    }
}
