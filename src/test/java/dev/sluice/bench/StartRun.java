package dev.sluice.bench;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Target 9: how soon an instance is ready with the image's cache, as {@code bench/image} measures it on JDK 25. */
final class StartRun {

    private static final String WHAT = "Ready with the AOT cache / without";
    private static final double LIMIT = 0.6;
    private static final Pattern READY =
            Pattern.compile("with(out a cache| the AOT cache) +median (\\d+) ms (\\(.*\\))");

    private StartRun() {}

    static Verdict measure(Plan plan) {
        Path home = jdk25();
        if (home == null) {
            return Verdict.notRun(9, WHAT, "no JDK 25 in JAVA_25_HOME or beside " + System.getProperty("java.home"));
        }
        String output = image(home, Math.min(3, plan.rounds()));
        Matcher ready = READY.matcher(output);
        if (!output.endsWith("PASS") || !ready.find()) {
            throw new IllegalStateException("bench/image failed: " + output);
        }
        double without = Double.parseDouble(ready.group(2));
        String spread = ready.group(3);
        if (!ready.find()) {
            throw new IllegalStateException("bench/image made no AOT cache with " + home);
        }
        double with = Double.parseDouble(ready.group(2));
        return Verdict.of(
                9,
                WHAT,
                with / without,
                LIMIT,
                String.format("%.0f ms %s / %.0f ms %s", with, ready.group(3), without, spread));
    }

    /** In its own time and on all cores, as a container has them. */
    private static String image(Path home, int runs) {
        try {
            int last = Integer.parseInt(Shell.run("nproc", "--all").strip()) - 1;
            ProcessBuilder image =
                    new ProcessBuilder("taskset", "-c", "0-" + last, "bench/image", Integer.toString(runs));
            image.environment().put("JAVA_HOME", home.toString());
            Process process = image.redirectErrorStream(true).start();
            return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static @Nullable Path jdk25() {
        String told = System.getenv("JAVA_25_HOME");
        if (told != null && is25(Path.of(told))) {
            return Path.of(told);
        }
        File beside = new File(System.getProperty("java.home")).getParentFile();
        File[] neighbours = beside == null ? null : beside.listFiles();
        return neighbours == null
                ? null
                : Stream.of(neighbours)
                        .map(File::toPath)
                        .filter(StartRun::is25)
                        .findFirst()
                        .orElse(null);
    }

    private static boolean is25(Path home) {
        try {
            Path release = home.resolve("release");
            List<String> lines = Files.exists(release) ? Files.readAllLines(release) : List.of();
            return lines.stream().anyMatch(line -> line.matches("JAVA_VERSION=\"25[.\"].*"));
        } catch (IOException e) {
            return false;
        }
    }
}
