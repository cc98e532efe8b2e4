package dev.sluice.redis;

import org.jspecify.annotations.Nullable;

/**
 * Redis did not answer, in time or at all: not connected, timed out, circuit open, loading, out of memory, no master.
 * Unless it was never sent, whether the command was carried out is not known.
 */
public final class RedisUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final boolean sent;
    private final boolean lost;

    public RedisUnavailableException(String message, @Nullable Throwable cause) {
        this(message, cause, true, true);
    }

    private RedisUnavailableException(String message, @Nullable Throwable cause, boolean sent, boolean lost) {
        super(message, cause, false, false);
        this.sent = sent;
        this.lost = lost;
    }

    /** For a command that has not left this process, and never will. */
    public static RedisUnavailableException notSent(String message, @Nullable Throwable cause) {
        return new RedisUnavailableException(message, cause, false, true);
    }

    /** For a command that a bound of this process kept back; of Redis that says nothing. */
    public static RedisUnavailableException notAsked(String message, @Nullable Throwable cause) {
        return new RedisUnavailableException(message, cause, false, false);
    }

    /** For a command whose answer its request did not wait for to the end; of Redis that says nothing. */
    public static RedisUnavailableException notAwaited(String message) {
        return new RedisUnavailableException(message, null, true, false);
    }

    /** Whether the command may have been carried out, or may be yet. */
    public boolean mayHaveRun() {
        return sent;
    }

    /** Whether Redis could not be reached, or did not answer a command in the time that is given to each. */
    public boolean isLoss() {
        return lost;
    }
}
