package dev.sluice.caller;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.time.Duration;

/** The refusals of this package. None of them repeats a credential. */
final class Refusals {

    private static final String CHALLENGE = "Bearer realm=\"sluice\"";
    private static final Duration RETRY = Duration.ofSeconds(2);

    private Refusals() {}

    /** No credential, or one that is not a token. */
    static ProblemException unauthenticated(String detail) {
        return Problem.of(ProblemCode.UNAUTHENTICATED)
                .detail(detail)
                .header("WWW-Authenticate", CHALLENGE)
                .exception();
    }

    /** A token was sent and is not accepted (RFC 6750, 3.1). */
    static ProblemException invalidToken(String detail) {
        return Problem.of(ProblemCode.UNAUTHENTICATED)
                .detail(detail)
                .header("WWW-Authenticate", CHALLENGE + ", error=\"invalid_token\"")
                .exception();
    }

    /** Nobody who could say is reachable, and nothing is remembered. */
    static ProblemException unavailable(String detail) {
        return Problem.of(ProblemCode.IDENTITY_UNAVAILABLE)
                .detail(detail)
                .retryAfter(RETRY)
                .exception();
    }
}
