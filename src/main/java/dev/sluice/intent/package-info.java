/**
 * What is asked: parsed once, normalised and checked before anything is decided on it.
 *
 * <p>Promises that an {@link dev.sluice.intent.UploadIntent} on an exchange names one object by a bucket's id and a key
 * that mean the same to every server that decodes them once: no dot segments, no empty segments, no backslash, no
 * percent sign, nothing outside storage's own key alphabet. What cannot be brought into that form is refused, never
 * repaired. With an object prefix configured, the object lies under the caller's prefix.
 *
 * <p>Does not say whether the bucket or the object exists, or who may touch them, and does not look at a proxied body.
 *
 * <p>Fails with a {@link dev.sluice.problem.ProblemException}: 400 with {@code field} and {@code hint}, 403 outside of the
 * caller's prefix, 408, 411, 413, 415.
 */
@NullMarked
package dev.sluice.intent;

import org.jspecify.annotations.NullMarked;
