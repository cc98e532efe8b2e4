package dev.sluice.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * CPU that the compiler threads of a JVM have used so far, in microseconds, by their ids. Code that is not compiled yet can be
 * steadily slow, so a program is warm when its compilers have nothing left to do.
 */
record Compiling(Map<String, Double> micros) {

    /** As the JVM calls its threads; the kernel keeps 15 characters (proc(5), comm). */
    private static final List<String> NAMES = List.of("C1 CompilerThre", "C2 CompilerThre");

    static Compiling soFar(long pid) {
        Map<String, Double> micros = new HashMap<>();
        try (Stream<Path> threads = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            threads.forEach(thread -> {
                String stat = stat(thread);
                int name = stat.lastIndexOf(')');
                if (name > 0 && NAMES.contains(stat.substring(stat.indexOf('(') + 1, name))) {
                    micros.put(thread.getFileName().toString(), Program.micros(stat));
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return new Compiling(micros);
    }

    /** Empty if the thread has ended meanwhile: the JVM lets compilers go that have nothing to do. */
    private static String stat(Path thread) {
        try {
            return Files.readString(thread.resolve("stat"));
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Microseconds since then. */
    double since(Compiling earlier) {
        return micros.entrySet().stream()
                .mapToDouble(now -> now.getValue() - earlier.micros.getOrDefault(now.getKey(), 0.0))
                .sum();
    }
}
