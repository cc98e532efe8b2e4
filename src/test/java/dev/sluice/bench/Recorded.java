package dev.sluice.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;

/** A flight recording of a program, made by the program's own JVM. */
final class Recorded {

    private Recorded() {}

    /**
     * Records while something is done.
     *
     * @param settings a file of JFR settings, or the name of one that the JDK has
     * @return the recording's file
     */
    static Path during(Program program, String settings, Runnable work) {
        Path file = Program.DIRECTORY.resolve(program.name() + ".jfr");
        program.jcmd("JFR.start", "name=bench", "settings=" + settings);
        try {
            work.run();
        } finally {
            program.jcmd("JFR.stop", "name=bench", "filename=" + file);
        }
        return file;
    }

    /** As {@link #during(Program, String, Runnable)}, of one event each time that the recording begins and ends. */
    static Path event(Program program, String event, Runnable work) {
        try {
            Path settings = Program.DIRECTORY.resolve(event + ".jfc");
            Files.writeString(settings, """
                    <?xml version="1.0" encoding="UTF-8"?>
                    <configuration version="2.0"><event name="%s"><setting name="enabled">true</setting>
                    <setting name="period">everyChunk</setting></event></configuration>
                    """.formatted(event));
            return during(program, settings.toString(), work);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<RecordedEvent> read(Path file, String event) {
        try {
            return RecordingFile.readAllEvents(file).stream()
                    .filter(one -> one.getEventType().getName().equals(event))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
