/**
 * {@code Idempotency-Key} (draft-ietf-httpapi-idempotency-key-header): a POST that is sent again is answered as it was the
 * first time, and charged once.
 *
 * <p>Promises, for a POST of a known caller that has the header: after a success the same answer, without the operation,
 * for as long as the answer is of use; one charge for all attempts, also if an instance dies under one, because every
 * attempt is charged under the first one's event id (but one that reserves bytes for a URL: under its own); 422 for another
 * request under the same key. A failure is not kept: the next attempt is a new one, and an upload that broke off is settled
 * to what passed.
 *
 * <p>Does not promise that an operation is done only once: an attempt whose end nobody recorded (its instance died, or its
 * upload timed out) is done again by the next. While Redis is away, requests are served as if they had no key. A charge
 * that the database refused for an attempt whose instance then could not reach Redis again may be missing for the next.
 *
 * <p>A kept answer can hold a signed URL, so it is as secret as that until the URL expires. Requests without the header cost
 * nothing; those whose body is not read here are served as such.
 */
@NullMarked
package dev.sluice.idempotency;

import org.jspecify.annotations.NullMarked;
