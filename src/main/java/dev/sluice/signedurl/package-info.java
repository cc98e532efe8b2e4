/**
 * The main operation of a signing route: {@code SupabaseSignedUrl=upload|download}, and who signs.
 *
 * <p>Promises a URL for exactly the object that was decided on, on the address that clients reach, and refuses what cannot
 * be signed before anything is charged for it. Does not promise that the upload will be of the declared size or type:
 * storage's tokens cannot bind either. Nothing is retried.
 *
 * <p>Fails with a {@link dev.sluice.problem.ProblemException}; a failure or a cancellation is also how the admission learns
 * that the operation had no effect.
 */
@NullMarked
package dev.sluice.signedurl;

import org.jspecify.annotations.NullMarked;
