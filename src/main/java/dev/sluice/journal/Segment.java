package dev.sluice.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One file of the journal: {@link Frames} one after the other. Written to its end only. For one thread. */
final class Segment {

    private static final Logger log = LoggerFactory.getLogger(Segment.class);

    private final Path path;
    private @Nullable FileChannel writing;
    private long size;
    private long confirmed;
    private int waiting;
    private boolean damaged;

    private Segment(Path path, @Nullable FileChannel writing) {
        this.path = path;
        this.writing = writing;
    }

    /** Makes a new file to write to. */
    static Segment create(Path path) throws IOException {
        return new Segment(path, FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /**
     * Opens a file that an earlier process left. Bytes behind the last whole frame, of a write that was cut off, are cut;
     * bytes between whole frames are damage.
     */
    static Segment recover(Path path) throws IOException {
        Segment segment = new Segment(path, null);
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long bytes = file.size();
            FrameScan scan = new FrameScan(file, 0, bytes);
            while (scan.next() != null) {
                segment.waiting++;
            }
            segment.size = scan.position();
            if (scan.damagedBytes() > 0) {
                segment.damaged(scan.damagedBytes() + " bytes between whole events cannot be read");
            } else if (bytes > segment.size) {
                log.warn(
                        "{} bytes behind the last whole event of {} are cut off: a write that was not finished",
                        bytes - segment.size,
                        path);
                file.truncate(segment.size);
                file.force(true);
            }
        }
        return segment;
    }

    /** Writes frames and waits until the disk has them. After an error the file takes no more, and holds none of them. */
    void append(ByteBuffer frames, int events) throws IOException {
        FileChannel file = writing;
        if (file == null) {
            throw new IOException(path + " is not open for writing");
        }
        try {
            long at = size;
            while (frames.hasRemaining()) {
                at += file.write(frames, at);
            }
            file.force(false);
            size = at;
            waiting += events;
        } catch (IOException e) {
            try {
                file.truncate(size);
            } catch (IOException cut) {
                e.addSuppressed(cut);
            }
            seal();
            throw e;
        }
    }

    /** Takes no more. */
    void seal() {
        FileChannel file = writing;
        writing = null;
        if (file != null) {
            try {
                file.close();
            } catch (IOException e) {
                log.debug("{} was not closed: {}", path, e.toString());
            }
        }
    }

    /** Up to {@code max} events behind the confirmed ones; without any frame if none of the rest can be read. */
    Batch read(int max) throws IOException {
        List<UsageEvent> events = new ArrayList<>(Math.min(max, waiting));
        int frames = 0;
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ)) {
            FrameScan scan = new FrameScan(file, confirmed, size);
            for (byte[] payload; frames < max && (payload = scan.next()) != null; frames++) {
                try {
                    events.add(EventJson.read(new String(payload, StandardCharsets.UTF_8)));
                } catch (IllegalArgumentException e) {
                    damaged("an event cannot be understood: " + e.getMessage());
                }
            }
            if (scan.damagedBytes() > 0 || frames == 0) {
                damaged("bytes from offset " + confirmed + " on cannot be read");
            }
            return new Batch(this, List.copyOf(events), frames, scan.position());
        }
    }

    /** The batch's events are safe elsewhere. */
    void confirm(Batch batch) {
        confirmed = Math.max(confirmed, batch.end());
        waiting -= batch.frames();
    }

    /** Removes the file, or sets it aside if a part of it could not be read. */
    void remove() {
        seal();
        try {
            if (damaged) {
                Files.move(path, path.resolveSibling(path.getFileName() + ".damaged"));
            } else {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            log.error("{} cannot be removed; its events are replayed once more at the next start", path, e);
        }
    }

    private void damaged(String what) {
        if (!damaged) {
            damaged = true;
            log.error("{} is damaged: {}. Its whole events are replayed, then it is set aside as .damaged", path, what);
        }
    }

    /** Bytes in the file. */
    long size() {
        return size;
    }

    /** Events that are not confirmed. */
    int waiting() {
        return waiting;
    }

    /** Whether nothing in it waits. */
    boolean isDone() {
        return confirmed >= size;
    }

    @Override
    public String toString() {
        return path.toString();
    }
}
