package dev.sluice.intent;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;

/**
 * The folder that a caller's objects must lie in: a template of {@code {userId}} that ends with a slash. A user id fills
 * part of one segment, never more, so that no user's folder lies in another's.
 */
final class ObjectPrefix {

    static final String USER_ID = "{userId}";

    private final String template;

    /** @param template empty for none */
    ObjectPrefix(String template) {
        this.template = template;
    }

    /** Whether a template can be expanded into a valid folder, given a harmless user id. */
    static boolean isValid(String template) {
        String example = template.replace(USER_ID, "u");
        return template.isEmpty() || (example.endsWith("/") && KeyRules.path(example + "o") == null);
    }

    boolean isEmpty() {
        return template.isEmpty();
    }

    /** The path below this user's prefix: put before it, unless the path begins with it already. */
    String applyTo(String path, String userId) {
        String prefix = expand(userId);
        return path.startsWith(prefix) ? path : prefix + path;
    }

    /** Refuses a path that does not begin with this user's prefix. */
    void require(String path, String userId) {
        if (!path.startsWith(expand(userId))) {
            throw denied("The path is outside of the folder that you may use");
        }
    }

    private String expand(String userId) {
        String prefix = template.replace(USER_ID, userId);
        if (userId.indexOf('/') >= 0 || KeyRules.path(prefix + "o") != null) {
            throw denied("Your user id cannot be used as a folder's name");
        }
        return prefix;
    }

    private static RuntimeException denied(String detail) {
        return Problem.of(ProblemCode.BUCKET_ACCESS_DENIED).detail(detail).exception();
    }
}
