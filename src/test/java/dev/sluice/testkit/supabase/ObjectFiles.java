package dev.sluice.testkit.supabase;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of the objects: one file per version, named by the version's UUID, so that no object name ever becomes a
 * path of this machine.
 */
final class ObjectFiles {

    private static final int BUFFER_BYTES = 64 * 1024;

    private final Path directory;

    ObjectFiles(Path directory) {
        this.directory = directory;
        try {
            Files.createDirectories(directory);
        } catch (IOException e) {
            throw new UncheckedIOException("The directory for objects cannot be made", e);
        }
    }

    /** What was stored: how many bytes, and their MD5 in quotes. */
    record Stored(long bytes, String eTag) {}

    Path file(String version) {
        return directory.resolve(version);
    }

    /**
     * Streams the body to the file of this version; leaves none behind when it fails.
     *
     * @param maxBytes past this many the body is refused with {@link StorageProblem#tooLarge()}
     */
    Stored store(String version, InputStream body, long maxBytes) throws IOException {
        Path file = file(version);
        boolean complete = false;
        MessageDigest md5 = md5();
        try (OutputStream out = new DigestOutputStream(Files.newOutputStream(file), md5)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            long bytes = 0;
            for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                bytes += count;
                if (bytes > maxBytes) {
                    throw StorageProblem.tooLarge();
                }
                out.write(buffer, 0, count);
            }
            complete = true;
            return new Stored(bytes, '"' + HexFormat.of().formatHex(md5.digest()) + '"');
        } finally {
            if (!complete) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** Makes an empty file for a version that has no bytes. */
    void touch(String version) throws IOException {
        Path file = file(version);
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
    }

    void delete(@Nullable String version) throws IOException {
        if (version != null) {
            Files.deleteIfExists(file(version));
        }
    }

    static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has MD5", e);
        }
    }
}
