package dev.sluice.journal;

/** A charge cannot be kept, and {@code sluice.journal.on-full} says to refuse it. Has no stack trace: it is an answer. */
public final class JournalFullException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    JournalFullException(String reason) {
        super(reason, null, false, false);
    }
}
