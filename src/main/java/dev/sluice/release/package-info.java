/**
 * Gives back the bytes that were reserved for uploads which never came.
 *
 * <p>A URL that binds an upload to its size reserves that size when it is signed, and a resumable upload its length when it
 * begins. When that has expired, and a grace has passed for an upload that was on its way, storage is asked for the object:
 * absent, or older, its bytes are given back. A resumable upload is ended before, so that it cannot come later. On an error
 * nothing is given back; it is asked again for a day, then the bytes stay charged.
 *
 * <p>What is pending is in Redis, in a sorted set per partition ({@code sluice:uploads:{pNN}}). An instance takes what is due
 * for some minutes, so that usually one of them asks; two would do no harm, since a charge has one refund. What is lost with
 * Redis stays charged.
 */
@NullMarked
package dev.sluice.release;

import org.jspecify.annotations.NullMarked;
