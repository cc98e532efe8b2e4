package dev.sluice.testkit;

import java.io.IOException;
import java.io.UncheckedIOException;

/** Sends POSIX signals to child processes. */
enum Signal {
    /** Stops the process from running until {@link #CONT}; its connections stay open. */
    STOP,
    CONT,
    /** Asks the process to end. */
    TERM;

    void send(long pid) {
        try {
            int status = new ProcessBuilder("kill", "-" + name(), Long.toString(pid))
                    .inheritIO()
                    .start()
                    .waitFor();
            if (status != 0) {
                throw new IllegalStateException("kill -" + name() + " " + pid + " answered " + status);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
