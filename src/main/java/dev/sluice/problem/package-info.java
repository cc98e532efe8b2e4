/**
 * Every refusal a client can see, and the only writer of error bodies.
 *
 * <p>A refusal is a {@link dev.sluice.problem.Problem}: a code with its HTTP status, one sentence on what was wrong, and
 * the fields that the contract lists for that code. It travels as a {@link dev.sluice.problem.ProblemException}, which
 * has no stack trace because it reports the request, not the program. Nothing secret may be put into a problem: it is
 * sent and logged as it is.
 */
@NullMarked
package dev.sluice.problem;

import org.jspecify.annotations.NullMarked;
