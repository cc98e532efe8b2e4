package dev.sluice.testkit.supabase;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tokens inside signed URLs: HS256 with the JWT secret, claims in the recorded order. */
final class SignedTokens {

    private final Tokens tokens;
    private final StorageJwt jwt;
    private final Clock clock;
    private final Duration uploadLifetime;
    private final boolean withScope;

    /** @param withScope whether tokens carry that claim; servers before June 2026 neither set it nor ask for it */
    SignedTokens(Tokens tokens, StorageJwt jwt, Clock clock, Duration uploadLifetime, boolean withScope) {
        this.tokens = tokens;
        this.jwt = jwt;
        this.clock = clock;
        this.uploadLifetime = uploadLifetime;
        this.withScope = withScope;
    }

    String upload(@Nullable String owner, String url, boolean upsert) {
        Map<String, @Nullable Object> claims = Json.object();
        if (owner != null) {
            claims.put("owner", owner);
        }
        claims.put("url", url);
        claims.put("upsert", upsert);
        return sign(claims, "upload", uploadLifetime);
    }

    String download(String url, Duration lifetime) {
        return sign(Json.object("url", url), "download", lifetime);
    }

    /** The claims of the call's token, if it may be used for this kind of URL and names exactly this object. */
    Map<String, Object> verified(Call call, String kind, String url) {
        String token = call.query().get("token");
        if (token == null) {
            throw StorageProblem.invalid("querystring must have required property 'token'");
        }
        return verified(token, kind, url);
    }

    /** The claims of this token, if it may be used for this kind of URL and names exactly this object. */
    Map<String, Object> verified(String token, String kind, String url) {
        Map<String, Object> claims;
        try {
            claims = jwt.verify(token);
        } catch (JwtRefused e) {
            throw StorageProblem.invalidJwt(String.valueOf(e.getMessage()));
        }
        if (withScope && !kind.equals(scopeOf(claims))) {
            throw StorageProblem.invalidSignature("Token is not scoped for " + kind);
        }
        if (!url.equals(claims.get("url"))) {
            throw StorageProblem.invalidSignature("Invalid signature");
        }
        return claims;
    }

    /** Tokens from before the claim: {@code upsert} gives an upload token away; the others were for download. */
    private static @Nullable Object scopeOf(Map<String, Object> claims) {
        if (claims.containsKey("scope")) {
            return claims.get("scope");
        }
        return claims.containsKey("upsert") ? "upload" : "none";
    }

    private String sign(Map<String, @Nullable Object> claims, String scope, Duration lifetime) {
        long now = clock.instant().getEpochSecond();
        if (withScope) {
            claims.put("scope", scope);
        }
        claims.put("iat", now);
        claims.put("exp", now + lifetime.toSeconds());
        return tokens.hs256(claims);
    }
}
