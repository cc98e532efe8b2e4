/**
 * What an operator sees and does, on the management port only.
 */
@NullMarked
package dev.sluice.management;

import org.jspecify.annotations.NullMarked;
