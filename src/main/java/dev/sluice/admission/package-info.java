/**
 * Claims, then one decision. {@code RateLimit}, {@code Quota} and {@code BucketAccess} declare what a request claims;
 * {@code AdmissionFilter} settles all of its claims at once, and once per exchange.
 *
 * <p>The decision is taken by Redis; if Redis cannot be reached, by the database under the same event id; if that cannot
 * be reached either, by each claim's written policy. Only an answer is ever remembered, never an error. A request that is
 * refused for one claim is charged for none.
 */
@NullMarked
package dev.sluice.admission;

import org.jspecify.annotations.NullMarked;
