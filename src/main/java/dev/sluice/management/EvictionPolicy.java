package dev.sluice.management;

import java.util.Map;

/** Which keys Redis drops when its memory is full. Only policies that keep keys without expiry keep what was charged. */
final class EvictionPolicy {

    private static final String FIELD = "maxmemory_policy:";

    private EvictionPolicy() {}

    /** Reads {@code INFO memory}; a server that does not tell gives no detail. */
    static Map<String, Object> details(String info) {
        String policy = info.lines()
                .filter(line -> line.startsWith(FIELD))
                .map(line -> line.substring(FIELD.length()).trim())
                .findFirst()
                .orElse("");
        if (policy.isEmpty()) {
            return Map.of();
        }
        if (policy.equals("noeviction") || policy.startsWith("volatile-")) {
            return Map.of("evictionPolicy", policy);
        }
        return Map.of(
                "evictionPolicy",
                policy,
                "warning",
                "Redis may drop ledgers and events under " + policy
                        + ": set maxmemory-policy to noeviction or volatile-*");
    }
}
