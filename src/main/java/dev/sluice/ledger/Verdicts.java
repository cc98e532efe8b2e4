package dev.sluice.ledger;

/**
 * What the database answered on a user's access to a bucket.
 *
 * @param bucket the bucket's id
 */
public record Verdicts(String bucket, boolean canRead, boolean canWrite) {}
