package dev.sluice.testkit.supabase;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import dev.sluice.testkit.Secrets;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Mints tokens as the Auth server and storage-api do, and whatever else a test wants signed. */
public final class Tokens {

    private static final long TEN_YEARS_SECONDS = 315_360_000;

    private final Keys keys;
    private final Clock clock;
    private final Supplier<String> issuer;

    Tokens(Keys keys, Clock clock, Supplier<String> issuer) {
        this.keys = keys;
        this.clock = clock;
        this.issuer = issuer;
    }

    /**
     * The claims of an access token of Supabase Auth, valid for an hour, in a map that may be changed.
     *
     * @param plan {@code app_metadata.plan}, absent where null
     */
    public Map<String, @Nullable Object> claims(String sub, @Nullable String plan) {
        long now = now();
        Map<String, @Nullable Object> appMetadata = Json.object("provider", "email", "providers", List.of("email"));
        if (plan != null) {
            appMetadata.put("plan", plan);
        }
        return Json.object(
                "iss",
                issuer.get(),
                "sub",
                sub,
                "aud",
                "authenticated",
                "exp",
                now + 3600,
                "iat",
                now,
                "email",
                sub + "@example.com",
                "phone",
                "",
                "app_metadata",
                appMetadata,
                "user_metadata",
                Map.of(),
                "role",
                "authenticated",
                "aal",
                "aal1",
                "amr",
                List.of(Map.of("method", "password", "timestamp", now)),
                "session_id",
                UUID.randomUUID().toString(),
                "is_anonymous",
                false);
    }

    /** A legacy project key: a JWT that names a role and lives ten years. */
    public String projectKey(String role) {
        return hs256(roleClaims(role));
    }

    Map<String, @Nullable Object> roleClaims(String role) {
        long now = now();
        return Json.object("iss", "supabase", "ref", "local", "role", role, "iat", now, "exp", now + TEN_YEARS_SECONDS);
    }

    /** These claims under HS256 with the JWT secret, without {@code kid}. */
    public String hs256(Map<String, ? extends @Nullable Object> claims) {
        return hs256(claims, keys.jwtSecret(), null);
    }

    /** These claims under HS256 with any secret of at least 32 bytes, and a {@code kid} where one is given. */
    public String hs256(Map<String, ? extends @Nullable Object> claims, String secret, @Nullable String kid) {
        try {
            return sign(JWSAlgorithm.HS256, kid, claims, new MACSigner(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (JOSEException e) {
            throw new IllegalArgumentException("this secret cannot sign HS256", e);
        }
    }

    /** These claims under ES256 with the signing key in use. */
    public String es256(Map<String, ? extends @Nullable Object> claims) {
        return es256(claims, keys.signingKey().getKeyID());
    }

    /** These claims under ES256 with the signing key in use, but any {@code kid}, or none. */
    public String es256(Map<String, ? extends @Nullable Object> claims, @Nullable String kid) {
        try {
            return sign(JWSAlgorithm.ES256, kid, claims, new ECDSASigner(keys.signingKey()));
        } catch (JOSEException e) {
            throw new IllegalStateException("ES256 failed", e);
        }
    }

    /** These claims under RS256; the first call adds the RSA key to the JWKS document. */
    public String rs256(Map<String, ? extends @Nullable Object> claims) {
        try {
            return sign(JWSAlgorithm.RS256, keys.rsaKey().getKeyID(), claims, new RSASSASigner(keys.rsaKey()));
        } catch (JOSEException e) {
            throw new IllegalStateException("RS256 failed", e);
        }
    }

    private long now() {
        return clock.instant().getEpochSecond();
    }

    private static String sign(
            JWSAlgorithm algorithm,
            @Nullable String kid,
            Map<String, ? extends @Nullable Object> claims,
            JWSSigner signer)
            throws JOSEException {
        JWSObject object =
                new JWSObject(new JWSHeader.Builder(algorithm).keyID(kid).build(), new Payload(Json.write(claims)));
        object.sign(signer);
        return Secrets.ofThisRun().rememberToken(object.serialize());
    }
}
