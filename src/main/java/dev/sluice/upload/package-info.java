/**
 * What a proxied upload or deletion needs on its way out: the target, the credentials, and the one error form.
 *
 * <p>Promises that a request with an {@link dev.sluice.intent.UploadIntent} leaves for exactly the object that was decided
 * on, spelled canonically, and that the service key leaves for the origin of {@code sluice.supabase.url} and nowhere else.
 * Does not touch the body, which the gateway streams, nor the backend's answer.
 *
 * <p>Fails with a {@link dev.sluice.problem.ProblemException}: 403 for a target that is not the decided object, 502 where the
 * backend cannot be reached or breaks off, 504 where it does not answer in time.
 */
@NullMarked
package dev.sluice.upload;

import org.jspecify.annotations.NullMarked;
