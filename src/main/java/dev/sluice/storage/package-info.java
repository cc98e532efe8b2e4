/**
 * What routes below {@code /storage/v1} need to speak Supabase Storage's own protocol to its unchanged clients: one spelling
 * of each path, refusals that supabase-js and tus clients understand, the cost of a batch, and resumable uploads.
 *
 * <p>Storage decides who may do what: the caller's own credentials go on as they were sent, and never ours. Sluice decides
 * how often and how much. Storage's own answers pass unchanged, but for the {@code Location} of a resumable upload and
 * CORS headers.
 *
 * <p>What a resumable upload reserved is found by its id ({@code sluice:resumable:<id>} in Redis) when it ends early: what had
 * not come of one that is given up is given back, and all of one that is left alone (package {@code release}). While Redis is
 * away nothing is given back at once, and an upload that begins then stays charged if it is not finished.
 */
@NullMarked
package dev.sluice.storage;

import org.jspecify.annotations.NullMarked;
