package dev.sluice.management;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who may use the management port.
 *
 * @param token what {@code Authorization: Bearer} must bring on the management port for everything but health, info and
 *     prometheus; at least 16 characters, for example from {@code openssl rand -hex 32}. Unset: all of that is off.
 *     Secret
 */
@ConfigurationProperties("sluice.management")
public record ManagementProperties(@DefaultValue("") String token) {

    private static final int MIN_LENGTH = 16;

    public ManagementProperties {
        if (!token.isEmpty() && !token.matches("[\\x21-\\x7e]{" + MIN_LENGTH + ",}")) {
            throw new IllegalArgumentException(
                    "sluice.management.token (environment SLUICE_MANAGEMENT_TOKEN) must have at"
                            + " least " + MIN_LENGTH
                            + " characters of printable ASCII without spaces, for example the output of"
                            + " openssl rand -hex 32; unset, everything but health, info and prometheus is off");
        }
    }

    @Override
    public String toString() {
        return "ManagementProperties[token=" + (token.isEmpty() ? "none" : "***") + "]";
    }
}
