package dev.sluice.exchange;

import dev.sluice.problem.Problem;

/**
 * Why a request that the codec could read is refused before any filter sees it: set as its decoding failure, so that the
 * server answers it in its place and closes the connection, and {@link EarlyRefusals} knows with what.
 */
final class RefusedRequest extends Exception {

    private static final long serialVersionUID = 1L;

    private final transient Problem problem;

    RefusedRequest(Problem problem) {
        super(problem.detail(), null, false, false);
        this.problem = problem;
    }

    Problem problem() {
        return problem;
    }
}
