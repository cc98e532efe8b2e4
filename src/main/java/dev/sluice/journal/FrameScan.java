package dev.sluice.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/** Walks over the frames of a part of a file, and over bytes that are none. */
final class FrameScan {

    private static final int WINDOW = 1024 * 1024;
    private static final int LONGEST = Frames.HEADER + Frames.MAX_PAYLOAD;

    private final FileChannel file;
    private final long end;
    private final ByteBuffer window;
    private long windowStart;
    private long position;
    private long damagedBytes;

    /** Scans the bytes from {@code start} to {@code end}, where a frame or damage begins and ends. */
    FrameScan(FileChannel file, long start, long end) {
        this.file = file;
        this.end = end;
        this.position = start;
        this.windowStart = start;
        this.window = ByteBuffer.allocate((int) Math.min(WINDOW, Math.max(0, end - start)));
        window.limit(0);
    }

    /** The next whole frame's payload; null if there is none any more. */
    byte @Nullable [] next() throws IOException {
        for (long at = position; at < end; at++) {
            fill(at);
            int offset = (int) (at - windowStart);
            int length = Frames.lengthAt(window, offset);
            if (length >= 0) {
                damagedBytes += at - position;
                position = at + Frames.HEADER + length;
                byte[] payload = new byte[length];
                window.get(offset + Frames.HEADER, payload);
                return payload;
            }
        }
        return null;
    }

    /** Where the last whole frame ends. */
    long position() {
        return position;
    }

    /** Bytes that were passed over between whole frames. */
    long damagedBytes() {
        return damagedBytes;
    }

    /** Sees to it that the window holds whatever frame may begin at {@code at}. */
    private void fill(long at) throws IOException {
        if (Math.min(end, at + LONGEST) <= windowStart + window.limit()) {
            return;
        }
        window.clear().limit((int) Math.min(window.capacity(), end - at));
        windowStart = at;
        while (window.hasRemaining()) {
            if (file.read(window, at + window.position()) < 0) {
                throw new IOException("The file ends at " + (at + window.position()) + " instead of " + end);
            }
        }
        window.flip();
    }
}
