package dev.sluice.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Writes that fail in their middle, as on a disk that has no more room: the child's limit of a file's size (RLIMIT_FSIZE)
 * lets a write fail (EFBIG) at an exact byte, which is inside of a frame.
 */
class JournalLimitIT {

    private static final int LIMIT_KIB = 64;
    private static final Pattern LOGGED = Pattern.compile("usage-event \\{\"id\":\"([0-9a-f-]{36})\"");

    @TempDir
    private static Path directory;

    private static List<String> said = List.of();

    @BeforeAll
    static void runChild() throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        "bash",
                        "-c",
                        "set -o pipefail; trap '' XFSZ; ulimit -f " + LIMIT_KIB + "; \"$@\" | cat",
                        "bash",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        JournalLimitChild.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        try (var lines = child.inputReader(StandardCharsets.UTF_8)) {
            said = lines.lines().toList();
        }
        assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(child.exitValue()).as(said.toString()).isZero();
    }

    @Test
    void refusesTheChargeWhoseWriteFailedAndKeepsAllOthers() throws IOException {
        List<String> kept = told(JournalLimitChild.KEPT);
        assertThat(told(JournalLimitChild.REFUSED)).hasSizeGreaterThanOrEqualTo(JournalLimitChild.FAILURES);
        assertCutInsideOfAFrame(JournalLimitChild.REFUSING);

        assertThat(inJournal(JournalLimitChild.REFUSING)).isEqualTo(kept);
    }

    @Test
    void makesLogLinesOfWhatNobodyCanBeRefusedAndKeepsAllOthers() throws IOException {
        List<String> given = told(JournalLimitChild.GIVEN);
        List<String> logged = new ArrayList<>();
        for (String line : said) {
            Matcher event = LOGGED.matcher(line);
            if (event.find()) {
                logged.add(event.group(1));
            }
        }
        assertThat(logged).hasSizeGreaterThanOrEqualTo(2 * JournalLimitChild.FAILURES);
        assertCutInsideOfAFrame(JournalLimitChild.LOGGING);

        List<String> expected = new ArrayList<>(given);
        Set<String> lines = new HashSet<>(logged);
        expected.removeIf(lines::contains);
        assertThat(given).containsAll(logged);
        assertThat(inJournal(JournalLimitChild.LOGGING)).isEqualTo(expected);
    }

    /** All files but the newest met the limit with a part of a frame, and hold whole ones only. */
    private static void assertCutInsideOfAFrame(String journal) throws IOException {
        List<Path> files = JournalFixture.files(directory.resolve(journal), ".journal");
        assertThat(files).hasSize(JournalLimitChild.FAILURES + 1);
        int frame = Objects.requireNonNull(Frames.of(JournalFixture.event("caller"))).length;
        for (Path full : files.subList(0, JournalLimitChild.FAILURES)) {
            assertThat(Files.size(full)).isBetween(LIMIT_KIB * 1024L - 3L * frame, LIMIT_KIB * 1024L - 1);
        }
    }

    private static List<String> told(String what) {
        return said.stream()
                .filter(line -> line.startsWith(what))
                .map(line -> line.substring(what.length()))
                .toList();
    }

    private static List<String> inJournal(String name) {
        try (Journal journal = JournalFixture.open(directory.resolve(name), JournalFixture.PLENTY)) {
            List<String> found = JournalFixture.drain(journal, 500).stream()
                    .map(UsageEvent::id)
                    .toList();
            assertThat(JournalFixture.files(directory.resolve(name), ".damaged"))
                    .isEmpty();
            return found;
        }
    }
}
