/**
 * The usage event: what is recorded of a charge, its refund and its outcome.
 */
@NullMarked
package dev.sluice.journal;

import org.jspecify.annotations.NullMarked;
