package dev.sluice.journal;

import com.fasterxml.uuid.Generators;
import dev.sluice.journal.UsageEvent.Kind;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Journals in directories, and what is in them. */
final class JournalFixture {

    static final long PLENTY = 64 * 1024 * 1024;
    static final Duration LIMIT = Duration.ofSeconds(60);

    private JournalFixture() {}

    static Journal open(Path directory, long maxBytes) {
        return Journal.open(directory, maxBytes, OnFull.LOG, new SimpleMeterRegistry());
    }

    static UsageEvent event(String user) {
        String id = Generators.timeBasedEpochGenerator().generate().toString();
        return new UsageEvent(
                id, Kind.CHARGE, user, null, "signed-url", "supabase", 1, 0, null, null, null, Instant.now());
    }

    static List<UsageEvent> events(int count) {
        return IntStream.range(0, count).mapToObj(i -> event("user-" + i)).toList();
    }

    /** Reads and confirms everything that waits. */
    static List<UsageEvent> drain(Journal journal, int batch) {
        List<UsageEvent> all = new ArrayList<>();
        for (Batch next; (next = journal.oldest(batch).block(LIMIT)) != null; ) {
            all.addAll(next.events());
            journal.confirm(next).block(LIMIT);
        }
        return all;
    }

    /** The files of the journal with this ending. */
    static List<Path> files(Path directory, String ending) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(ending))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
