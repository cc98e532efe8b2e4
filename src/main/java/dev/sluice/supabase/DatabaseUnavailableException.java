package dev.sluice.supabase;

import org.jspecify.annotations.Nullable;

/**
 * The database did not answer, in time or at all, or cannot be asked at the moment: not reachable, timed out, circuit
 * open, overloaded, a 5xx, or a key or function that it does not know. Whether the call was carried out is not known.
 */
public final class DatabaseUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public DatabaseUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }
}
