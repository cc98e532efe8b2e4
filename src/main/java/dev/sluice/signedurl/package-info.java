/**
 * The main operation of a signing route: {@code SupabaseSignedUrl=upload|download}, and who signs.
 *
 * <p>Promises a URL for exactly the object that was decided on, on the address that clients reach, and refuses what cannot
 * be signed before anything is charged for it. That the upload will be of the declared size and type is promised by signer
 * {@code s3} alone, since storage's tokens cannot bind either; so it alone can have bytes reserved, and sees to it that
 * what is not used is given back. Nothing is retried.
 *
 * <p>Fails with a {@link dev.sluice.problem.ProblemException}; a failure or a cancellation is also how the admission learns
 * that the operation had no effect.
 */
@NullMarked
package dev.sluice.signedurl;

import org.jspecify.annotations.NullMarked;
