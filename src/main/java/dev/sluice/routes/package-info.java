/**
 * What a route must look like before it serves: every mistake stops the start with the route's id, the filter and the way
 * to mend it, rather than dropping the route or serving it without its guards.
 */
@NullMarked
package dev.sluice.routes;

import org.jspecify.annotations.NullMarked;
