/**
 * What routes below {@code /storage/v1} need to speak Supabase Storage's own protocol to its unchanged clients: one spelling
 * of each path, refusals that supabase-js and tus clients understand, the cost of a batch, and resumable uploads.
 *
 * <p>Storage decides who may do what: the caller's own credentials go on as they were sent, and never ours. Sluice decides
 * how often and how much. Storage's own answers pass unchanged, but for the {@code Location} of a resumable upload and
 * CORS headers.
 */
@NullMarked
package dev.sluice.storage;

import org.jspecify.annotations.NullMarked;
