package dev.sluice.ledger;

/**
 * An entry of a usage stream that the database has applied.
 *
 * @param entryId the stream's id of it, {@code <ms>-<n>}
 * @param eventId the usage event's id
 * @param kind {@code charge}, {@code refund} or {@code outcome}
 * @param amount requests
 * @param bytes bytes
 * @param incarnation of the ledger that was charged; empty for other kinds
 */
public record Entry(String entryId, String eventId, String kind, long amount, long bytes, String incarnation) {}
