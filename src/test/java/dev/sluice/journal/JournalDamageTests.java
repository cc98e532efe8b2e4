package dev.sluice.journal;

import static dev.sluice.journal.JournalFixture.LIMIT;
import static dev.sluice.journal.JournalFixture.PLENTY;
import static dev.sluice.journal.JournalFixture.drain;
import static dev.sluice.journal.JournalFixture.events;
import static dev.sluice.journal.JournalFixture.files;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What is left of a journal whose file was cut off or changed: every event that is whole. */
class JournalDamageTests {

    private final Logger segments = (Logger) LoggerFactory.getLogger(Segment.class);
    private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
    private final List<UsageEvent> events = events(3);
    private byte[] bytes = {};
    private int second;
    private int third;

    @TempDir
    private Path directory;

    @BeforeEach
    void writeThreeEvents() throws IOException {
        Path whole = directory.resolve("whole");
        try (Journal journal = JournalFixture.open(whole, PLENTY)) {
            journal.append(events).block(LIMIT);
        }
        bytes = Files.readAllBytes(files(whole, ".journal").get(0));
        second = Objects.requireNonNull(Frames.of(events.get(0))).length;
        third = second + Objects.requireNonNull(Frames.of(events.get(1))).length;
        logged.start();
        segments.addAppender(logged);
    }

    @AfterEach
    void stopListening() {
        segments.detachAppender(logged);
    }

    @Test
    void cutsAWriteThatWasCutOffAtAnyByte() throws IOException {
        for (int cut = third + 1; cut < bytes.length; cut++) {
            logged.list.clear();
            Path torn = journalOf("torn-" + cut, Arrays.copyOf(bytes, cut));
            UsageEvent later = JournalFixture.event("later");
            try (Journal journal = JournalFixture.open(torn, PLENTY)) {
                assertThat(logged.list).as("one WARN").hasSize(1);
                assertThat(logged.list.get(0).getLevel()).isEqualTo(Level.WARN);
                assertThat(logged.list.get(0).getFormattedMessage()).startsWith((cut - third) + " bytes");
                assertThat(files(torn, ".journal").get(0)).hasSize(third);
                journal.append(List.of(later)).block(LIMIT);

                assertThat(drain(journal, 10)).containsExactly(events.get(0), events.get(1), later);
            }
            assertThat(files(torn, ".damaged")).isEmpty();
        }
    }

    @Test
    void readsAWholeFileWithoutAWord() throws IOException {
        for (byte[] whole : List.of(new byte[0], Arrays.copyOf(bytes, third), bytes)) {
            try (Journal journal = JournalFixture.open(journalOf("whole-" + whole.length, whole), PLENTY)) {
                assertThat(drain(journal, 10))
                        .isEqualTo(events.subList(0, whole.length == 0 ? 0 : whole.length == third ? 2 : 3));
            }
        }
        assertThat(logged.list).isEmpty();
    }

    @Test
    void cutsALastEventOfWhichAnyByteIsWrong() throws IOException {
        for (int at = third; at < bytes.length; at++) {
            logged.list.clear();
            Path flipped = journalOf("last-" + at, flipped(at));
            try (Journal journal = JournalFixture.open(flipped, PLENTY)) {
                assertThat(drain(journal, 10)).isEqualTo(events.subList(0, 2));
            }
            assertThat(logged.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.WARN);
        }
    }

    @Test
    void losesOnlyTheEventOfWhichAnyByteIsWrongAndSetsTheFileAside() throws IOException {
        for (int at = second; at < third; at++) {
            logged.list.clear();
            byte[] damaged = flipped(at);
            Path flipped = journalOf("middle-" + at, damaged);
            try (Journal journal = JournalFixture.open(flipped, PLENTY)) {
                assertThat(journal.waiting()).isEqualTo(2);
                assertThat(drain(journal, 1)).containsExactly(events.get(0), events.get(2));
            }
            assertThat(logged.list).extracting(ILoggingEvent::getLevel).containsExactly(Level.ERROR);
            assertThat(files(flipped, ".journal")).isEmpty();
            assertThat(files(flipped, ".damaged")).hasSize(1);
            assertThat(files(flipped, ".damaged").get(0)).hasBinaryContent(damaged);
        }
    }

    @Test
    void findsWholeEventsBehindZerosAndNoise() throws IOException {
        byte[] noisy = new byte[bytes.length + 200_000];
        System.arraycopy(bytes, 0, noisy, 0, second);
        Arrays.fill(noisy, second + 100_000, second + 200_000, (byte) 0x55);
        System.arraycopy(bytes, second, noisy, second + 200_000, bytes.length - second);
        try (Journal journal = JournalFixture.open(journalOf("noisy", noisy), PLENTY)) {
            assertThat(drain(journal, 10)).isEqualTo(events);
        }
    }

    @Test
    void setsAFileAsideOfWhichAnEventIsNotUnderstood() throws IOException {
        byte[] changed = bytes.clone();
        String json = new String(bytes, second, third - second, StandardCharsets.ISO_8859_1);
        int kind = second + json.indexOf("charge");
        changed[kind] = 'C';
        byte[] frame = Arrays.copyOfRange(changed, second, third);
        CRC32C checksum = new CRC32C();
        checksum.update(frame, 0, 4);
        checksum.update(frame, Frames.HEADER, frame.length - Frames.HEADER);
        ByteBuffer.wrap(changed).putInt(second + 4, (int) checksum.getValue());
        Path other = journalOf("other", changed);
        try (Journal journal = JournalFixture.open(other, PLENTY)) {
            assertThat(drain(journal, 10)).containsExactly(events.get(0), events.get(2));
        }
        assertThat(files(other, ".damaged")).hasSize(1);
    }

    @Test
    void givesEachFileANumberOfItsOwnForGood() throws IOException {
        Path home = journalOf("numbers", flipped(second));
        try (Journal journal = JournalFixture.open(home, PLENTY)) {
            drain(journal, 10);
        }
        try (Journal journal = JournalFixture.open(home, PLENTY)) {
            journal.append(events).block(LIMIT);
            assertThat(files(home, ".journal").get(0).getFileName()).hasToString("0000000000000000002.journal");
            assertThat(journal.waiting()).isEqualTo(3);
        }
    }

    private byte[] flipped(int at) {
        byte[] flipped = bytes.clone();
        flipped[at] ^= 0x10;
        return flipped;
    }

    private Path journalOf(String name, byte[] content) throws IOException {
        Path home = Files.createDirectory(directory.resolve(name));
        Files.write(home.resolve("0000000000000000001.journal"), content);
        return home;
    }
}
