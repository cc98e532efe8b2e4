/**
 * What a route must look like before it serves, and how the routes file is followed while the edge runs. Every mistake stops
 * the start, or has the changed file refused as a whole, with the route's id, the filter and the way to mend it, rather than
 * dropping the route or serving it without its guards.
 *
 * <p>Routes and the limits that their filters hold are one value and change together. Nothing that is under way is touched.
 */
@NullMarked
package dev.sluice.routes;

import org.jspecify.annotations.NullMarked;
