package dev.sluice.journal;

import java.nio.file.Path;

/** The journal's directory cannot be used, which stops the start. */
public final class JournalStartException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    private JournalStartException(String message, String action, Throwable cause) {
        super(message, cause);
        this.action = action;
    }

    static JournalStartException unusable(Path directory, Throwable cause) {
        return new JournalStartException(
                "sluice.journal.directory must be a directory that Sluice can write to, for example"
                        + " /var/lib/sluice/journal. It is " + directory.toAbsolutePath() + ": " + cause,
                "Name a writable directory with sluice.journal.directory (SLUICE_JOURNAL), on a disk that outlives the"
                        + " instance.",
                cause);
    }

    static JournalStartException taken(Path directory, Throwable cause) {
        return new JournalStartException(
                "sluice.journal.directory must be a directory of this instance alone, for example"
                        + " /var/lib/sluice/journal-1. It is " + directory.toAbsolutePath()
                        + ", which another running instance has locked.",
                "Give each instance a directory of its own with sluice.journal.directory (SLUICE_JOURNAL), or stop the"
                        + " other instance.",
                cause);
    }

    /** What to do about it. */
    String action() {
        return action;
    }
}
