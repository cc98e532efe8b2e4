package dev.sluice.admission;

import java.time.Duration;

/**
 * For how long after an event id was minted something may still be charged, or given back, under it. The database must know
 * the id for longer.
 *
 * @param longest until the last time
 * @param properties those that it follows from, as a message names them
 */
public record IdLife(Duration longest, String properties) {}
