/**
 * Filters that are tried before they hold: what one in {@link dev.sluice.shadow.Mode#SHADOW} would refuse is counted and
 * logged, and passes.
 *
 * <p>A decision in shadow never refuses, delays or degrades a request. What keeps one from being made is counted and else
 * passed over.
 */
@NullMarked
package dev.sluice.shadow;

import org.jspecify.annotations.NullMarked;
