/**
 * Measures what a Redis that hangs costs the answers: until the circuit opens, and after, beside the way without Redis.
 * {@code bench/deadlines} starts it; nothing here is a test, because it judges by the clock.
 */
@NullMarked
package dev.sluice.deadlines;

import org.jspecify.annotations.NullMarked;
