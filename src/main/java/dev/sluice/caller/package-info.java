/**
 * Who is asking: by API key, by Supabase access token, or by a trusted proxy's header.
 */
@NullMarked
package dev.sluice.caller;

import org.jspecify.annotations.NullMarked;
