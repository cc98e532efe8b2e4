package dev.sluice.ledger;

import java.time.Duration;

/**
 * How long Redis keeps what the database answered.
 *
 * @param ttl a ledger with nothing pending, after its last change
 * @param grantTtl a verdict that grants
 * @param refusalTtl a verdict that refuses; short, so that a new grant works soon
 */
public record LedgerSettings(Duration ttl, Duration grantTtl, Duration refusalTtl) {}
