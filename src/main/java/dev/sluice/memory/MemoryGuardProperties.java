package dev.sluice.memory;

import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Settings of the memory guard; the limits themselves are {@code sluice.operations.<name>.memory}.
 *
 * @param maxEntries counters kept, one per user and operation, about 400 bytes each; also the number of refusals kept.
 *     Full means evict. An instance should hold its busiest users: about twice as many as are active in a minute
 */
@ConfigurationProperties("sluice.memory-guard")
public record MemoryGuardProperties(@DefaultValue("10000") long maxEntries) {

    public MemoryGuardProperties {
        if (maxEntries < 1) {
            throw new IllegalArgumentException("sluice.memory-guard.max-entries must be 1 or more, for example 10000");
        }
    }
}
