package dev.sluice.admission;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Bucket access.
 *
 * @param source who judges: the table {@code bucket_grants}, or row-level security where the caller brings a Supabase
 *     token (the grants judge API keys)
 * @param cacheTtl how long a grant is remembered
 * @param refusalTtl how long a refusal is remembered; short, so that a new grant works soon
 * @param onFailure what holds if neither Redis nor the database can decide and no verdict was seen before
 */
@ConfigurationProperties("sluice.bucket-access")
public record BucketAccessProperties(
        @DefaultValue("grants") Source source,
        @DefaultValue("15m") Duration cacheTtl,
        @DefaultValue("1m") Duration refusalTtl,
        @DefaultValue("deny") OnFailure onFailure) {

    /** Who judges whether a caller may use a bucket. */
    public enum Source {
        /** The table {@code bucket_grants}. */
        GRANTS,
        /** Row-level security, in the main operation, for who brings a Supabase token; the grants for all others. */
        CALLER
    }

    public BucketAccessProperties {
        if (cacheTtl.toMillis() < 1 || refusalTtl.toMillis() < 1) {
            throw new IllegalArgumentException(
                    "sluice.bucket-access.cache-ttl and .refusal-ttl must be longer than 0, for example 15m and 1m");
        }
    }
}
