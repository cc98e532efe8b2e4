package dev.sluice.routes;

/** An error with what caused it, in one line. */
final class Reasons {

    private Reasons() {}

    static String of(Throwable error) {
        StringBuilder reason = new StringBuilder(String.valueOf(error.getMessage()));
        for (Throwable cause = error.getCause(); cause != null; cause = cause.getCause()) {
            reason.append(" <- ").append(cause.getMessage());
        }
        return reason.toString().replaceAll("\\s+", " ");
    }
}
