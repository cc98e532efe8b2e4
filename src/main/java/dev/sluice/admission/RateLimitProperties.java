package dev.sluice.admission;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * The rate limit in Redis; the rates themselves belong to the operations.
 *
 * @param onFailure what holds while Redis cannot be reached; the memory guard holds in either case
 */
@ConfigurationProperties("sluice.rate-limit")
public record RateLimitProperties(@DefaultValue("allow") OnFailure onFailure) {}
