package dev.sluice.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Who runs where: the program under test on core 0, and what it is measured with, Redis and the stand-in on all others.
 *
 * @param count of the machine, at least 2
 */
record Cores(int count) {

    private static final String TESTED = "0";

    Cores {
        if (count < 2) {
            throw new IllegalStateException("A core for the program under test and one for the load are needed");
        }
    }

    static Cores ofThisMachine() {
        return new Cores(Runtime.getRuntime().availableProcessors());
    }

    List<String> tested(List<String> command) {
        return on(TESTED, command);
    }

    List<String> others(List<String> command) {
        return on(rest(), command);
    }

    /** Moves a process that runs already to the others. */
    void moveToOthers(long pid) {
        move(rest(), pid);
    }

    /** Lets a process that was started on the tested core use all of them, as long as it only warms up. */
    void moveToAll(long pid) {
        move("0-" + (count - 1), pid);
    }

    void moveToTested(long pid) {
        move(TESTED, pid);
    }

    private static void move(String cores, long pid) {
        Shell.run("taskset", "-a", "-p", "-c", cores, Long.toString(pid));
    }

    private String rest() {
        return count == 2 ? "1" : "1-" + (count - 1);
    }

    private static List<String> on(String cores, List<String> command) {
        List<String> pinned = new ArrayList<>(List.of("taskset", "-c", cores));
        pinned.addAll(command);
        return pinned;
    }

    /** Clock ticks that all cores but the first were busy and idle since the machine's start. */
    Busy othersSoFar() {
        try {
            long busy = 0;
            long idle = 0;
            for (String line : Files.readAllLines(Path.of("/proc/stat"))) {
                if (line.matches("cpu[1-9]\\d* .*")) {
                    String[] ticks = line.split(" +");
                    long waiting = Long.parseLong(ticks[4]) + Long.parseLong(ticks[5]);
                    idle += waiting;
                    for (int i = 1; i <= 8; i++) {
                        busy += Long.parseLong(ticks[i]);
                    }
                    busy -= waiting;
                }
            }
            return new Busy(busy, idle);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    record Busy(long busy, long idle) {

        /** The part of the time since then, 0 to 1. */
        double since(Busy earlier) {
            long all = busy - earlier.busy + idle - earlier.idle;
            return all == 0 ? 0 : (double) (busy - earlier.busy) / all;
        }
    }
}
