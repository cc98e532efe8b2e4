package dev.sluice.redis;

import org.jspecify.annotations.Nullable;

/**
 * Redis did not answer, in time or at all: not connected, timed out, circuit open, loading, out of memory, no master.
 * Whether the command was carried out is not known.
 */
public final class RedisUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public RedisUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }
}
