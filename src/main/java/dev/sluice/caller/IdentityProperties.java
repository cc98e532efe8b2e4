package dev.sluice.caller;

import dev.sluice.exchange.AddressRanges;
import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How identities are established.
 *
 * @param cacheTtl how long an API key's owner is remembered, in this process and in Redis together. A revocation takes
 *     effect within it, or about a second after {@code DELETE usercache}
 * @param trustedHeaders address ranges (CIDR) of direct TCP peers whose {@code X-User-Id} and {@code X-Api-Key-Id} are
 *     believed, for example {@code 10.0.0.0/8}
 */
@ConfigurationProperties("sluice.identity")
public record IdentityProperties(
        @DefaultValue("60s") Duration cacheTtl,
        @DefaultValue List<String> trustedHeaders) {

    public IdentityProperties {
        if (cacheTtl.toMillis() < 1) {
            throw new IllegalArgumentException("sluice.identity.cache-ttl must be longer than 0, for example 60s");
        }
    }

    AddressRanges trustedRanges() {
        return AddressRanges.parse("sluice.identity.trusted-headers", trustedHeaders);
    }
}
