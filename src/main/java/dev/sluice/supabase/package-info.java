/**
 * The clients of Supabase: PostgREST (the database's functions) and storage-api.
 *
 * <p>Every call has a timeout, a bulkhead and a circuit breaker, and fails with one of this package's exceptions. The
 * service key is sent to the origin of {@code sluice.supabase.url} and nowhere else. Nothing is retried here: who may
 * repeat a call safely knows it, and does. Of a call that is cancelled nothing is left, see {@link
 * dev.sluice.supabase.UnreadAnswers}, which the proxied answers of {@code upload} need as well.
 */
@NullMarked
package dev.sluice.supabase;

import org.jspecify.annotations.NullMarked;
