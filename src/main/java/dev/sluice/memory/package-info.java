/**
 * What one instance can refuse without asking anybody: obvious abuse, and what Redis refused a moment ago.
 *
 * <p>Both memories are bounded and evict when they are full; neither can fail, and neither does I/O. An evicted counter
 * starts again at zero, so this guard is a bound per instance on what reaches Redis, not the exact limit. It counts
 * attempts before anything is parsed, so malformed requests are limited too.
 */
@NullMarked
package dev.sluice.memory;

import org.jspecify.annotations.NullMarked;
