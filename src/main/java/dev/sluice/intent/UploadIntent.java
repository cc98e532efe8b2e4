package dev.sluice.intent;

import dev.sluice.exchange.Attribute;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a request asks for, normalised: decisions are taken on it and it is sent upstream byte for byte.
 *
 * @param object the bucket and the path in it
 * @param contentType the declared media type (RFC 6838, with parameters if there were any), at most 255 characters; null
 *     where none was given
 * @param contentLength the declared size in bytes, at least 0; null where none was given
 * @param upsert whether an existing object may be replaced
 * @param expiresIn how long a download URL shall live, at least 1 s; null for the configured default
 */
public record UploadIntent(
        ObjectPath object,
        @Nullable String contentType,
        @Nullable Long contentLength,
        boolean upsert,
        @Nullable Duration expiresIn) {

    /** Set by the {@code UploadIntent} filter. */
    public static final Attribute<UploadIntent> ATTRIBUTE = Attribute.of(UploadIntent.class);

    /** The declared size; 0 where none was given. */
    public long declaredBytes() {
        return contentLength == null ? 0 : contentLength;
    }
}
