package dev.sluice.caller;

import org.jspecify.annotations.Nullable;

/**
 * What the database said about an API key.
 *
 * @param caller whose key it is; null for a key that is unknown, expired or revoked
 * @param askedNanos when the database was asked, on the monotonic clock: the moment from which the answer ages
 */
record Identity(@Nullable Caller caller, long askedNanos) {}
