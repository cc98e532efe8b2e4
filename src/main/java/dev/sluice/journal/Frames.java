package dev.sluice.journal;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The form of one event on disk, big-endian:
 *
 * <pre>
 *   4 bytes   n, the payload's length, 2 to {@value #MAX_PAYLOAD}
 *   4 bytes   CRC-32C (RFC 3720, Castagnoli) of the length's 4 bytes and the payload
 *   n bytes   the event as {@code apply_usage} takes it, JSON in UTF-8
 * </pre>
 *
 * A length begins with a zero byte, which JSON text never holds. So whole frames are found again behind damaged ones by
 * trying each byte, and hardly any of them costs a checksum.
 */
final class Frames {

    static final int HEADER = 8;
    static final int MAX_PAYLOAD = 64 * 1024;

    private Frames() {}

    /** The event as a frame; null if it is too long for one, which no event of a real request is. */
    static byte @Nullable [] of(UsageEvent event) {
        byte[] payload = EventJson.complete(event).getBytes(StandardCharsets.UTF_8);
        if (payload.length > MAX_PAYLOAD) {
            return null;
        }
        ByteBuffer frame = ByteBuffer.allocate(HEADER + payload.length);
        frame.putInt(payload.length).putInt(0).put(payload);
        frame.putInt(4, checksum(frame, 0, payload.length));
        return frame.array();
    }

    /** The payload's length if a whole frame begins at {@code offset}, else -1. */
    static int lengthAt(ByteBuffer bytes, int offset) {
        if (bytes.limit() - offset < HEADER) {
            return -1;
        }
        int length = bytes.getInt(offset);
        boolean fits = length >= 2 && length <= MAX_PAYLOAD && length <= bytes.limit() - offset - HEADER;
        return fits && bytes.getInt(offset + 4) == checksum(bytes, offset, length) ? length : -1;
    }

    private static int checksum(ByteBuffer bytes, int offset, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes.duplicate().position(offset).limit(offset + 4));
        checksum.update(bytes.duplicate().position(offset + HEADER).limit(offset + HEADER + length));
        return (int) checksum.getValue();
    }
}
