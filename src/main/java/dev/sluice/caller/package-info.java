/**
 * Who is asking: by a trusted proxy's header, by API key, or by Supabase access token, in this order.
 *
 * <p>An identity is never guessed: if it cannot be established because Redis and the database are away and nothing is
 * remembered, the answer is 503 IDENTITY_UNAVAILABLE, neither 401 nor a pass. A revoked key is refused within
 * {@code sluice.identity.cache-ttl} in total, however many caches it went through; only while Redis and the database are
 * both away does the last known identity hold longer, up to 15 minutes. Keys and tokens are kept as SHA-256 only, and are
 * neither logged nor echoed.
 */
@NullMarked
package dev.sluice.caller;

import org.jspecify.annotations.NullMarked;
