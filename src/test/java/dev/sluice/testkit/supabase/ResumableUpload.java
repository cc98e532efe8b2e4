package dev.sluice.testkit.supabase;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * One resumable upload: what was declared and how much has arrived. One request at a time holds it; a request that wants
 * it asks the one that receives to stop, so that a client which comes back need not wait for its broken connection.
 */
final class ResumableUpload {

    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int LOCK_SECONDS = 30;

    /** What the upload's address names. */
    record Id(String bucket, String name, String version) {}

    private final Id id;
    private final TusMetadata metadata;
    private final Path file;
    private final MessageDigest md5 = ObjectFiles.md5();
    private final ReentrantLock lock = new ReentrantLock();
    private volatile @Nullable InputStream receiving;
    private @Nullable Long length;
    private long offset;

    /** @param length in bytes; null where it is declared later */
    ResumableUpload(Id id, TusMetadata metadata, @Nullable Long length, Path file) {
        this.id = id;
        this.metadata = metadata;
        this.length = length;
        this.file = file;
    }

    Id id() {
        return id;
    }

    TusMetadata metadata() {
        return metadata;
    }

    /** In bytes; null while it is not declared. */
    @Nullable Long length() {
        return length;
    }

    void declareLength(long bytes) {
        length = bytes;
    }

    /** How many bytes have arrived. */
    long offset() {
        return offset;
    }

    boolean isComplete() {
        Long declared = length;
        return declared != null && declared == offset;
    }

    ObjectFiles.Stored stored() {
        return new ObjectFiles.Stored(offset, '"' + HexFormat.of().formatHex(md5.digest()) + '"');
    }

    void lock() throws IOException {
        InputStream body = receiving;
        if (body != null) {
            body.close();
        }
        try {
            if (!lock.tryLock(LOCK_SECONDS, TimeUnit.SECONDS)) {
                throw TusRefusal.of(500, "failed to acquire lock before timeout");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for an upload", e);
        }
    }

    void unlock() {
        lock.unlock();
    }

    /** Appends the body; what has arrived stays when it breaks off or exceeds {@code room} bytes, which is refused. */
    void append(InputStream body, long room) throws IOException {
        receiving = body;
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            byte[] buffer = new byte[BUFFER_BYTES];
            long left = room;
            for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                int kept = (int) Math.min(count, left);
                out.write(buffer, 0, kept);
                md5.update(buffer, 0, kept);
                offset += kept;
                left -= kept;
                if (kept < count) {
                    throw TusRefusal.sizeExceeded();
                }
            }
        } finally {
            receiving = null;
        }
    }
}
