package dev.sluice.ledger;

import dev.sluice.operation.Rate;

/**
 * One rolling window to be checked and counted.
 *
 * @param operation whose window it is
 * @param rate requests per window
 * @param cost how many requests this one counts for, at least 1
 */
public record RateCheck(String operation, Rate rate, long cost) {}
