/**
 * What is asked: parsed once, normalised and checked before anything is decided on it.
 */
@NullMarked
package dev.sluice.intent;

import org.jspecify.annotations.NullMarked;
