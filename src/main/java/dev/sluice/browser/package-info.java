/**
 * What pages of other origins may do here (CORS, Fetch standard 3.2): {@code sluice.cors.*}.
 *
 * <p>With origins configured, Sluice alone decides: it answers preflights itself, before authentication and without any
 * I/O, marks every answer of a filter, refusals included, so that a page can read them, and removes what a backend says.
 * Without, CORS is the backend's affair and its headers pass.
 *
 * <p>An origin that is not allowed is answered 403 without a body. What the server refuses before any filter (a head that
 * is no HTTP) carries no CORS headers.
 */
@NullMarked
package dev.sluice.browser;

import org.jspecify.annotations.NullMarked;
