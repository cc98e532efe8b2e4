package dev.sluice.ledger;

import org.jspecify.annotations.Nullable;

/**
 * The bucket verdict that an admission needs.
 *
 * @param bucket the bucket's id
 * @param access {@code r} or {@code w}
 * @param decided the verdict if it was decided elsewhere (last seen, or by policy); null to read it from Redis
 */
public record BucketCheck(
        String bucket, char access, @Nullable Boolean decided) {}
