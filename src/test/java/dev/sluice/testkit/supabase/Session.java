package dev.sluice.testkit.supabase;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * On whose behalf the database is asked.
 *
 * @param role the Postgres role; null = the connection's own, which row-level security does not bind
 * @param claims the token's claims as JSON, for {@code request.jwt.claims}
 * @param sub the user id, null for project keys
 */
record Session(
        @Nullable String role, String claims, @Nullable String sub) {

    /** The server itself. */
    static final Session SERVER = new Session(null, "", null);

    /** The caller that these verified claims name; without a role, {@code anon}. */
    static Session of(Map<String, Object> claims) {
        String role = claims.get("role") instanceof String named ? named : "anon";
        return new Session(role, Json.write(claims), claims.get("sub") instanceof String sub ? sub : null);
    }

    /** A caller without a token. */
    static Session anonymous() {
        return new Session("anon", Json.write(Map.of("role", "anon")), null);
    }
}
