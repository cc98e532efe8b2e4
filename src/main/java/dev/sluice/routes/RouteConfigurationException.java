package dev.sluice.routes;

import org.jspecify.annotations.Nullable;

/** The routes cannot be served as they are written. */
public final class RouteConfigurationException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String summary;
    private final String action;

    RouteConfigurationException(String message, String action, @Nullable Throwable cause) {
        super(message, cause);
        this.summary = message;
        this.action = action;
    }

    /** @param reason what others said of it, which may tell values */
    RouteConfigurationException(String summary, String action, String reason, @Nullable Throwable cause) {
        super(summary + ": " + reason + ".", cause);
        this.summary = summary + ".";
        this.action = action;
    }

    /** What is wrong, by name only: no value of the configuration is told. */
    String summary() {
        return summary;
    }

    /** How to mend it. */
    public String action() {
        return action;
    }
}
