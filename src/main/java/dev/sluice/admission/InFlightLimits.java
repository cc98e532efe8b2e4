package dev.sluice.admission;

import org.jspecify.annotations.Nullable;

/**
 * How much of one user may be on its way through at one time, over all instances.
 *
 * @param uploads null for no limit
 * @param bytes null for no limit
 */
public record InFlightLimits(
        @Nullable Long uploads, @Nullable Long bytes) {}
