package dev.sluice.journal;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The journal's directory: {@link Segment}s in the order of their numbers, and the file {@code lock} that keeps other
 * instances out. For one thread; the sums may be read from any.
 */
final class JournalFiles {

    private static final long LARGEST_SEGMENT = 64L * 1024 * 1024;
    private static final int SEGMENTS = 16;
    private static final Pattern NUMBER = Pattern.compile("\\d{19}");
    private static final String SUFFIX = ".journal";
    private static final String REFUSED = "refused.ndjson";

    private final Path directory;
    private final FileChannel lock;
    private final long maxBytes;
    private final long segmentBytes;
    private final Deque<Segment> segments = new ArrayDeque<>();
    private @Nullable Segment active;
    private long lastNumber;
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong waiting = new AtomicLong();

    private JournalFiles(Path directory, FileChannel lock, long maxBytes) {
        this.directory = directory;
        this.lock = lock;
        this.maxBytes = maxBytes;
        this.segmentBytes = Math.min(LARGEST_SEGMENT, maxBytes / SEGMENTS);
    }

    /** What a write came to: how many of its frames the disk has, and what kept it from taking the next one, if it failed. */
    record Written(int frames, @Nullable Exception error) {}

    /** Makes the directory this process's own and reads what was left in it. */
    static JournalFiles open(Path directory, long maxBytes) {
        FileChannel lock = lock(directory);
        try {
            JournalFiles files = new JournalFiles(directory, lock, maxBytes);
            files.recover();
            return files;
        } catch (IOException e) {
            close(lock);
            throw JournalStartException.unusable(directory, e);
        }
    }

    private static FileChannel lock(Path directory) {
        FileChannel lock;
        try {
            Files.createDirectories(directory);
            lock = FileChannel.open(directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw JournalStartException.unusable(directory, e);
        }
        try {
            if (lock.tryLock() == null) {
                throw new OverlappingFileLockException();
            }
            return lock;
        } catch (OverlappingFileLockException e) {
            close(lock);
            throw JournalStartException.taken(directory, e);
        } catch (IOException e) {
            close(lock);
            throw JournalStartException.unusable(directory, e);
        }
    }

    private void recover() throws IOException {
        try (Stream<Path> found = Files.list(directory)) {
            for (Path path : found.sorted().toList()) {
                String name = path.getFileName().toString();
                String number = name.substring(0, Math.max(0, name.indexOf('.')));
                if (NUMBER.matcher(number).matches()) {
                    lastNumber = Math.max(lastNumber, Long.parseLong(number));
                    if (name.endsWith(SUFFIX)) {
                        segments.add(Segment.recover(path));
                    }
                }
            }
        }
        segments.forEach(this::add);
        segments.stream().filter(Segment::isDone).toList().forEach(this::remove);
    }

    /** Writes as many of the frames as there is room for, in order. */
    Written write(List<byte[]> frames) {
        int kept = 0;
        try {
            while (kept < frames.size() && frames.get(kept).length <= maxBytes - bytes.get()) {
                Segment segment = segmentFor(frames.get(kept).length);
                int count = fitting(frames.subList(kept, frames.size()), segment);
                long before = segment.size();
                segment.append(joined(frames.subList(kept, kept + count)), count);
                bytes.addAndGet(segment.size() - before);
                waiting.addAndGet(count);
                kept += count;
            }
            return new Written(kept, null);
        } catch (IOException | RuntimeException e) {
            Segment failed = active;
            active = null;
            if (failed != null) {
                failed.seal();
                if (failed.isDone()) {
                    remove(failed);
                }
            }
            return new Written(kept, e);
        }
    }

    private Segment segmentFor(int length) throws IOException {
        Segment current = active;
        if (current != null && (current.size() == 0 || current.size() + length <= segmentBytes)) {
            return current;
        }
        if (current != null) {
            current.seal();
        }
        active = null;
        Segment made = Segment.create(directory.resolve(String.format("%019d", lastNumber + 1) + SUFFIX));
        lastNumber++;
        segments.add(made);
        active = made;
        syncDirectory();
        return made;
    }

    /** At least one: a new file takes a frame of any length. */
    private int fitting(List<byte[]> frames, Segment segment) {
        long room = Math.min(maxBytes - bytes.get(), segmentBytes - segment.size());
        int count = 1;
        long taken = frames.get(0).length;
        while (count < frames.size() && taken + frames.get(count).length <= room) {
            taken += frames.get(count++).length;
        }
        return count;
    }

    private static ByteBuffer joined(List<byte[]> frames) {
        ByteBuffer joined = ByteBuffer.allocate(
                frames.stream().mapToInt(frame -> frame.length).sum());
        frames.forEach(joined::put);
        return joined.flip();
    }

    /** So that a new file is still there after a power cut; only POSIX systems have this. */
    private void syncDirectory() throws IOException {
        if (File.separatorChar == '/') {
            try (FileChannel itself = FileChannel.open(directory, StandardOpenOption.READ)) {
                itself.force(true);
            }
        }
    }

    /** The oldest events that wait; null if none does. */
    @Nullable Batch read(int max) throws IOException {
        while (!segments.isEmpty()) {
            Segment oldest = segments.getFirst();
            if (!oldest.isDone()) {
                Batch batch = oldest.read(max);
                if (batch.frames() > 0) {
                    return batch;
                }
            } else if (oldest == active) {
                return null;
            }
            remove(oldest);
        }
        return null;
    }

    /** The batch's events are safe elsewhere; a file of which this holds for all is removed. */
    void confirm(Batch batch) {
        Segment segment = batch.segment();
        segment.confirm(batch);
        waiting.addAndGet(-batch.frames());
        if (segment.isDone()) {
            remove(segment);
        }
    }

    /** Keeps an event that no store will ever take, for an operator to look at; false if there is no room for it. */
    boolean setAside(UsageEvent event) throws IOException {
        byte[] line = (EventJson.complete(event) + "\n").getBytes(StandardCharsets.UTF_8);
        try (FileChannel file = FileChannel.open(
                directory.resolve(REFUSED),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND)) {
            if (file.size() + line.length > segmentBytes) {
                return false;
            }
            ByteBuffer left = ByteBuffer.wrap(line);
            while (left.hasRemaining()) {
                file.write(left);
            }
            file.force(false);
            return true;
        }
    }

    private void add(Segment segment) {
        bytes.addAndGet(segment.size());
        waiting.addAndGet(segment.waiting());
    }

    private void remove(Segment segment) {
        if (segments.remove(segment)) {
            bytes.addAndGet(-segment.size());
            waiting.addAndGet(-segment.waiting());
        }
        if (segment == active) {
            active = null;
        }
        segment.remove();
    }

    long bytes() {
        return bytes.get();
    }

    /** Events that are not confirmed. */
    long waiting() {
        return waiting.get();
    }

    /** Lets another process have the directory. */
    void close() {
        Segment current = active;
        active = null;
        if (current != null) {
            current.seal();
        }
        close(lock);
    }

    private static void close(FileChannel lock) {
        try {
            lock.close();
        } catch (IOException e) {
            throw new IllegalStateException("The journal's lock was not released", e);
        }
    }
}
