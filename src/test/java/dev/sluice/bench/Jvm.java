package dev.sluice.bench;

import java.nio.file.Path;
import java.util.List;

/**
 * What a program under test runs on.
 *
 * @param bin of the JDK
 * @param options that choose collector and layout; the heap is the program's
 */
record Jvm(Path bin, List<String> options) {

    /** What all programs of a comparison have: on one core the JVM would silently choose another collector. */
    static final Jvm OF_ALL = new Jvm(Program.JAVA, List.of("-XX:+UseG1GC"));
}
