package dev.sluice.exchange;

import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Whose word counts for the client's address.
 *
 * @param trustedProxies address ranges (CIDR) of the proxies whose {@code X-Forwarded-For} is believed, for example
 *     {@code 10.0.0.0/8}
 */
@ConfigurationProperties("sluice.client-address")
public record ClientAddressProperties(@DefaultValue List<String> trustedProxies) {

    AddressRanges ranges() {
        return AddressRanges.parse("sluice.client-address.trusted-proxies", trustedProxies);
    }
}
