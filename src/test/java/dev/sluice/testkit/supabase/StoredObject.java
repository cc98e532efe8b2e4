package dev.sluice.testkit.supabase;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An object as it is stored.
 *
 * @param owner the {@code sub} of who uploaded it, null for project keys
 * @param size in bytes
 * @param userMetadata what the client sent along, empty if nothing
 * @param file where the bytes are
 */
public record StoredObject(
        String bucket,
        String name,
        @Nullable String owner,
        long size,
        String contentType,
        String cacheControl,
        Map<String, Object> userMetadata,
        Path file) {

    /** All bytes; for small objects. */
    public byte[] bytes() {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
