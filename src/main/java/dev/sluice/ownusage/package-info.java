/**
 * {@code GET /v1/usage}: what the caller may use and has used, by unit and operation.
 *
 * <p>Promises figures as the next admission would see them: from Redis where it has them, else from the database, and says
 * which. Changes and charges nothing. While Redis is away what is reserved and the rate windows are not told. With neither of
 * both it fails, 503 ACCESS_CHECK_UNAVAILABLE.
 */
@NullMarked
package dev.sluice.ownusage;

import org.jspecify.annotations.NullMarked;
