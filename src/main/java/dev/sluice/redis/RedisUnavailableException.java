package dev.sluice.redis;

import org.jspecify.annotations.Nullable;

/**
 * Redis did not answer, in time or at all: not connected, timed out, circuit open, loading, out of memory, no master.
 * Unless it was never sent, whether the command was carried out is not known.
 */
public final class RedisUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean sent;

    public RedisUnavailableException(String message, @Nullable Throwable cause) {
        this(message, cause, true);
    }

    private RedisUnavailableException(String message, @Nullable Throwable cause, boolean sent) {
        super(message, cause, false, false);
        this.sent = sent;
    }

    /** For a command that has not left this process, and never will. */
    public static RedisUnavailableException notSent(String message, @Nullable Throwable cause) {
        return new RedisUnavailableException(message, cause, false);
    }

    /** Whether the command may have been carried out, or may be yet. */
    public boolean mayHaveRun() {
        return sent;
    }
}
