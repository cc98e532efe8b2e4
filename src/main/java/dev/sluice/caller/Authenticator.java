package dev.sluice.caller;

import dev.sluice.caller.FailedAttempts.Standing;
import dev.sluice.exchange.Timings;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/** Establishes whose a credential is. */
final class Authenticator {

    private final ApiKeys keys;
    private final AccessTokens tokens;
    private final SupabaseCallers supabase;

    Authenticator(ApiKeys keys, AccessTokens tokens, SupabaseCallers supabase) {
        this.keys = keys;
        this.tokens = tokens;
        this.supabase = supabase;
    }

    /** As {@link #authenticate}; a token may also be a key of the project, and its caller goes on with what they sent. */
    Mono<Caller> authenticateSupabaseClient(Credential credential, String network, Standing standing, Timings timings) {
        return credential instanceof Credential.Token token
                ? supabase.caller(token.value(), network)
                : authenticate(credential, standing, timings);
    }

    /** Whose a credential is, where that can be told at once; else null. */
    @Nullable Caller known(Credential credential) {
        if (credential instanceof Credential.Forwarded forwarded) {
            return new Caller(forwarded.userId(), forwarded.apiKeyId(), null, null);
        }
        return credential instanceof Credential.Key key ? keys.known(key.value()) : null;
    }

    /** Whether Redis or the database would be asked for a key that was not valid here lately. */
    boolean wouldLookUpAStranger(Credential credential) {
        return credential instanceof Credential.Key key && !keys.remembers(key.value());
    }

    /**
     * Whose a credential is that is not {@link #known}. Never empty: fails with UNAUTHENTICATED, or with IDENTITY_UNAVAILABLE if
     * that cannot be told.
     */
    Mono<Caller> authenticate(Credential credential, Standing standing, Timings timings) {
        if (credential instanceof Credential.Key key) {
            Mono<Caller> found = standing == Standing.GOOD
                    ? keys.find(key.value(), timings)
                    : keys.findForTheDoubted(key.value(), timings);
            return found.switchIfEmpty(Mono.error(
                    () -> Refusals.unauthenticated("The X-API-Key is unknown, expired, revoked or malformed")));
        }
        if (credential instanceof Credential.Token token) {
            return tokens.verify(token.value());
        }
        return Mono.error(Refusals.unauthenticated(((Credential.Unusable) credential).detail()));
    }
}
