/**
 * Measures Sluice beside peers of the same stack, in one run on the same cores: {@code bench/run}. It promises ratios, which
 * other work on the machine disturbs less than it disturbs the figures themselves.
 */
@NullMarked
package dev.sluice.bench;

import org.jspecify.annotations.NullMarked;
