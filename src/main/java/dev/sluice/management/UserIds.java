package dev.sluice.management;

import dev.sluice.problem.Problem;
import org.springframework.web.reactive.function.server.ServerRequest;

/** The user that an endpoint's path names. */
final class UserIds {

    private static final int MOST = 256;

    private UserIds() {}

    /** @throws dev.sluice.problem.ProblemException if nobody can have that id */
    static String of(ServerRequest request) {
        return checked("userId", request.pathVariable("userId"));
    }

    /** The id of a user as given in {@code field}. */
    static String checked(String field, String id) {
        if (id.isBlank() || id.length() > MOST || id.codePoints().anyMatch(UserIds::isUnusable)) {
            throw Problem.invalid(
                            field,
                            "A user's id is 1 to " + MOST + " characters, none of them a control character",
                            "Percent-encode the id once where it stands in a path, as UTF-8")
                    .exception();
        }
        return id;
    }

    private static boolean isUnusable(int c) {
        return Character.isISOControl(c) || c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
    }
}
