package dev.sluice.supabase;

import org.jspecify.annotations.Nullable;

/**
 * The database did not answer, in time or at all, or cannot be asked at the moment: not reachable, timed out, circuit
 * open, overloaded, a 5xx, or a key or function that it does not know. Whether the call was carried out is not known.
 */
public final class DatabaseUnavailableException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** A function that refuses what every request asks of it is as good as absent: its migrations are not ours. */
    public static DatabaseUnavailableException refused(DatabaseRejectedException cause) {
        return new DatabaseUnavailableException("The database refused the question: " + cause.getMessage(), cause);
    }

    public DatabaseUnavailableException(String message, @Nullable Throwable cause) {
        super(message, cause, false, false);
    }
}
