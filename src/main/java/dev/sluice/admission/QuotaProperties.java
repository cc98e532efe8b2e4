package dev.sluice.admission;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The quota.
 *
 * @param cacheTtl how long Redis keeps a ledger with nothing pending, after its last change; at least 1 s
 * @param defaultLimit requests allowed to users without a row, or whose row sets no limit. Unset: they are refused
 * @param onFailure what holds if neither Redis nor the database can decide
 * @param refusalMemory how long a spent quota is answered from memory
 */
@ConfigurationProperties("sluice.quota")
public record QuotaProperties(
        @DefaultValue("5m") Duration cacheTtl,
        @Nullable Long defaultLimit,
        @DefaultValue("allow") OnFailure onFailure,
        @DefaultValue("2s") Duration refusalMemory) {

    public QuotaProperties {
        if (cacheTtl.compareTo(Duration.ofSeconds(1)) < 0) {
            throw new IllegalArgumentException("sluice.quota.cache-ttl must be at least 1s, for example 5m");
        }
        if (defaultLimit != null && defaultLimit < 0) {
            throw new IllegalArgumentException("sluice.quota.default-limit must be 0 or more, for example 1000");
        }
        if (refusalMemory.isNegative()) {
            throw new IllegalArgumentException("sluice.quota.refusal-memory must be 0 or longer, for example 2s");
        }
    }
}
