package dev.sluice.journal;

import static dev.sluice.journal.JournalFixture.PLENTY;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A process that is killed while it writes has lost none of the events that it was told are kept. */
class JournalCrashIT {

    private static final int KILLS = 4;
    private static final int MOST_LINES = 4000;
    private static final int WHOLE_LINE = JournalCrashChild.KEPT.length() + 36;

    @TempDir
    private Path directory;

    @Test
    void hasEachAcknowledgedEventAfterKillsInTheMiddleOfWrites() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        Set<String> kept = new HashSet<>();
        for (int kill = 0; kill < KILLS; kill++) {
            kept.addAll(killAfter(random.nextInt(MOST_LINES)));
        }
        assertThat(kept).hasSizeGreaterThan(KILLS);
        try (Journal journal = JournalFixture.open(directory, PLENTY)) {
            List<String> found = JournalFixture.drain(journal, 500).stream()
                    .map(UsageEvent::id)
                    .toList();
            assertThat(found).doesNotHaveDuplicates();
            assertThat(new HashSet<>(found)).as("seed %d", seed).containsAll(kept);
        }
        assertThat(JournalFixture.files(directory, ".damaged")).isEmpty();
    }

    /** Kills a child when it has told of so many events; answers all that it told of by then. */
    private List<String> killAfter(int lines) throws IOException, InterruptedException {
        Process child = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        JournalCrashChild.class.getName(),
                        directory.toString())
                .redirectErrorStream(true)
                .start();
        List<String> kept = new ArrayList<>();
        List<String> said = new ArrayList<>();
        try (BufferedReader output = child.inputReader(StandardCharsets.UTF_8)) {
            for (String line; (line = output.readLine()) != null; ) {
                if (line.startsWith(JournalCrashChild.KEPT) && line.length() == WHOLE_LINE) {
                    kept.add(line.substring(JournalCrashChild.KEPT.length()));
                } else {
                    said.add(line);
                }
                if (kept.size() > lines) {
                    child.toHandle().destroyForcibly();
                }
            }
        }
        assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(kept).as("what else it said: %s", said).hasSizeGreaterThan(lines);
        return kept;
    }
}
