/**
 * The near side of the drop-in: starts a Sluice with everything embedded and runs real clients against it, which are in
 * {@code clients/} in the root. Their tests say what such a client sees; they know nothing of how Sluice is built.
 */
@NullMarked
package dev.sluice.clients;

import org.jspecify.annotations.NullMarked;
