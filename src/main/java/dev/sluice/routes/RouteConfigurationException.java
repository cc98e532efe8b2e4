package dev.sluice.routes;

import org.jspecify.annotations.Nullable;

/** The routes cannot be served as they are written. */
public final class RouteConfigurationException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String action;

    RouteConfigurationException(String message, String action, @Nullable Throwable cause) {
        super(message, cause);
        this.action = action;
    }

    /** How to mend it. */
    public String action() {
        return action;
    }
}
