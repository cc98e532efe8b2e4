package dev.sluice.signedurl;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.sluice.intent.ObjectPath;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Mints storage's signed tokens in process: HS256 over the UTF-8 bytes of the JWT secret, with the claims that storage-api
 * itself sets. {@code scope} is for servers since June 2026, {@code upsert} for those before. This is recorded behaviour,
 * not a documented interface.
 */
final class TokenMint {

    private static final JWSHeader HEADER =
            new JWSHeader.Builder(JWSAlgorithm.HS256).type(JOSEObjectType.JWT).build();

    private final MACSigner signer;
    private final Clock clock;

    /** @throws IllegalStateException if the secret is too short for HS256 (RFC 7518, 3.2) */
    TokenMint(String secret, Clock clock) {
        try {
            this.signer = new MACSigner(secret.getBytes(StandardCharsets.UTF_8));
        } catch (JOSEException e) {
            throw new IllegalStateException(
                    "sluice.supabase.jwt-secret must be at least 32 bytes long for sluice.signed-url.signer=local, as"
                            + " the project's own JWT secret is (environment SUPABASE_JWT_SECRET)",
                    e);
        }
        this.clock = clock;
    }

    /** @param userId becomes the object's owner if it is a UUID, the only form that storage stores */
    String upload(ObjectPath object, boolean upsert, @Nullable String userId, Duration expiresIn) {
        JWTClaimsSet.Builder claims = new JWTClaimsSet.Builder();
        if (userId != null && isUuid(userId)) {
            claims.claim("owner", userId);
        }
        return sign(
                claims.claim("url", object.decoded()).claim("upsert", upsert).claim("scope", "upload"), expiresIn);
    }

    String download(ObjectPath object, Duration expiresIn) {
        return sign(new JWTClaimsSet.Builder().claim("url", object.decoded()).claim("scope", "download"), expiresIn);
    }

    private String sign(JWTClaimsSet.Builder claims, Duration expiresIn) {
        Instant now = clock.instant();
        SignedJWT token = new SignedJWT(
                HEADER,
                claims.issueTime(Date.from(now))
                        .expirationTime(Date.from(now.plus(expiresIn)))
                        .build());
        try {
            token.sign(signer);
        } catch (JOSEException e) {
            throw new IllegalStateException("A token cannot be signed", e);
        }
        return token.serialize();
    }

    /** Java also reads shortened forms such as {@code 1-1-1-1-1}. */
    private static boolean isUuid(String text) {
        try {
            return UUID.fromString(text).toString().equalsIgnoreCase(text);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }
}
