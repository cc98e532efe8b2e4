package dev.sluice.supabase;

/** The database answered that what was sent is invalid: the same call will never succeed. Nothing was applied. */
public final class DatabaseRejectedException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String sqlState;

    DatabaseRejectedException(String sqlState, String message) {
        super(sqlState + ": " + message, null, false, false);
        this.sqlState = sqlState;
    }

    /** PostgREST's {@code code}: an SQLSTATE, or one of its own such as {@code PGRST102}. */
    public String sqlState() {
        return sqlState;
    }
}
