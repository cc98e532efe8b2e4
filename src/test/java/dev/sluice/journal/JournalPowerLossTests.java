package dev.sluice.journal;

import static dev.sluice.journal.JournalFixture.LIMIT;
import static dev.sluice.journal.JournalFixture.PLENTY;
import static dev.sluice.journal.JournalFixture.drain;
import static dev.sluice.journal.JournalFixture.events;
import static dev.sluice.journal.JournalFixture.files;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * What a power cut can leave of a write that no fsync had confirmed: its bytes may have reached the disk in any order, or as
 * zeros or noise where only the file's length did. Every event that was acknowledged before is there, in order, and nothing
 * that was never written.
 */
class JournalPowerLossTests {

    /** Bytes between two places that are tried. */
    private static final int STEP = 3;

    private static final String FIRST = "0000000000000000001.journal";

    private final Logger segments = (Logger) LoggerFactory.getLogger(Segment.class);
    private final List<UsageEvent> acknowledged = events(2);
    private final List<UsageEvent> underWay = events(2);
    private byte[] bytes = {};
    private int synced;

    @TempDir
    private Path directory;

    @BeforeEach
    void listenToNothing() {
        segments.setLevel(Level.OFF);
    }

    @AfterEach
    void listenAgain() {
        segments.setLevel(null);
    }

    @BeforeEach
    void write() throws IOException {
        ByteArrayOutputStream whole = new ByteArrayOutputStream();
        for (UsageEvent event : acknowledged) {
            whole.write(Objects.requireNonNull(Frames.of(event)));
        }
        synced = whole.size();
        for (UsageEvent event : underWay) {
            whole.write(Objects.requireNonNull(Frames.of(event)));
        }
        bytes = whole.toByteArray();
    }

    @Test
    void keepsWhatWasAcknowledgedIfTheTailEndsAnywhere() throws IOException {
        for (int at = synced; at <= bytes.length; at += STEP) {
            assertRecovered(Arrays.copyOf(bytes, at));
        }
    }

    @Test
    void keepsWhatWasAcknowledgedIfTheTailsEndIsZeros() throws IOException {
        for (int at = synced; at <= bytes.length; at += STEP) {
            byte[] left = bytes.clone();
            Arrays.fill(left, at, left.length, (byte) 0);
            assertRecovered(left);
        }
    }

    @Test
    void keepsWhatWasAcknowledgedIfTheTailsBeginningIsZeros() throws IOException {
        for (int at = synced; at <= bytes.length; at += STEP) {
            byte[] left = bytes.clone();
            Arrays.fill(left, synced, at, (byte) 0);
            assertRecovered(left);
        }
    }

    @Test
    void keepsWhatWasAcknowledgedIfAnyPartOfTheTailIsNoise() throws IOException {
        Random random = new Random(20261124);
        byte[] noise = new byte[bytes.length];
        for (int at = synced; at < bytes.length; at += STEP) {
            random.nextBytes(noise);
            byte[] left = bytes.clone();
            int length = 1 + random.nextInt(bytes.length - at);
            System.arraycopy(noise, 0, left, at, length);
            assertRecovered(left);
        }
    }

    /** The tail's events may be there or not; they were not acknowledged. */
    private void assertRecovered(byte[] left) throws IOException {
        Path file = Files.write(directory.resolve(FIRST), left);
        List<UsageEvent> found = Segment.recover(file).read(10).events();
        assertThat(found).startsWith(acknowledged.toArray(UsageEvent[]::new));
        assertThat(found.subList(acknowledged.size(), found.size()))
                .isEqualTo(underWay.stream().filter(found::contains).toList());
    }

    @Test
    void takesMoreAfterEachKindOfLoss() throws IOException {
        byte[] zeros = bytes.clone();
        Arrays.fill(zeros, synced, zeros.length, (byte) 0);
        byte[] hole = bytes.clone();
        Arrays.fill(hole, synced, synced + 100, (byte) 0);
        for (byte[] left : List.of(Arrays.copyOf(bytes, bytes.length - 1), zeros, hole)) {
            Path home = Files.createTempDirectory(directory, "more");
            Files.write(home.resolve(FIRST), left);
            UsageEvent later = JournalFixture.event("later");
            try (Journal journal = JournalFixture.open(home, PLENTY)) {
                journal.append(List.of(later)).block(LIMIT);
            }
            try (Journal journal = JournalFixture.open(home, PLENTY)) {
                assertThat(drain(journal, 10))
                        .startsWith(acknowledged.toArray(UsageEvent[]::new))
                        .endsWith(later);
            }
        }
    }

    /** The new file was made, and its name or its content never reached the disk; its events were not acknowledged. */
    @Test
    void keepsWhatWasAcknowledgedIfANewFileIsMissingOrEmptyOrZeros() throws IOException {
        for (byte[] second : List.of(new byte[0], new byte[4096], Arrays.copyOf(bytes, 5))) {
            assertKeptBesideSecond(second);
        }
        assertKeptBesideSecond(null);
    }

    private void assertKeptBesideSecond(byte @Nullable [] second) throws IOException {
        Path home = Files.createTempDirectory(directory, "files");
        Files.write(home.resolve(FIRST), Arrays.copyOf(bytes, synced));
        if (second != null) {
            Files.write(home.resolve("0000000000000000002.journal"), second);
        }
        UsageEvent later = JournalFixture.event("later");
        try (Journal journal = JournalFixture.open(home, PLENTY)) {
            assertThat(journal.waiting()).isEqualTo(acknowledged.size());
            journal.append(List.of(later)).block(LIMIT);
            assertThat(drain(journal, 10)).containsExactly(acknowledged.get(0), acknowledged.get(1), later);
        }
        assertThat(files(home, ".damaged")).isEmpty();
    }

    /** A file that had been replayed is there again, because its removal never reached the disk: its events come once more. */
    @Test
    void replaysAFileWhoseRemovalWasLost() throws IOException {
        Path home = Files.createTempDirectory(directory, "again");
        byte[] first = Arrays.copyOf(bytes, synced);
        try (Journal journal = JournalFixture.open(home, PLENTY)) {
            journal.append(acknowledged).block(LIMIT);
            assertThat(drain(journal, 10)).isEqualTo(acknowledged);
        }
        Files.write(home.resolve(FIRST), first);
        try (Journal journal = JournalFixture.open(home, PLENTY)) {
            assertThat(drain(journal, 10)).isEqualTo(acknowledged);
        }
    }
}
