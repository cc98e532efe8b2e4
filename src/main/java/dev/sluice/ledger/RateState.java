package dev.sluice.ledger;

/**
 * A rolling window after an admission looked at it.
 *
 * @param current requests that count now, this one included if it was admitted
 * @param limit requests per window
 * @param resetMillis milliseconds until more is left; of the window that refused: until this request would fit
 */
public record RateState(long current, long limit, long resetMillis) {

    public long remaining() {
        return Math.max(0, limit - current);
    }
}
