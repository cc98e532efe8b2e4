package dev.sluice.testkit.supabase;

import com.nimbusds.jose.util.Base64URL;
import java.time.Clock;
import java.util.Map;

/**
 * Verifies tokens as PostgREST does: the {@code kid} must match where there is one, otherwise every key is tried;
 * 30 seconds of leeway on {@code exp}, {@code nbf} and {@code iat}; {@code iss} and {@code aud} are not checked.
 */
final class RestJwt {

    private static final long LEEWAY_SECONDS = 30;

    private final Keys keys;
    private final Clock clock;

    RestJwt(Keys keys, Clock clock) {
        this.keys = keys;
        this.clock = clock;
    }

    Map<String, Object> verify(String token) throws JwtRefused {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) {
            throw new JwtRefused("JWSError (CompactDecodeError Invalid number of parts: Expected 3 parts; got "
                    + parts.length + ")");
        }
        Map<String, Object> header = Json.readObject(new Base64URL(parts[0]).decode());
        if (header == null) {
            throw new JwtRefused("JWSError (JSONDecodeError \"Invalid JWS Header\")");
        }
        boolean signed = "HS256".equals(header.get("alg"))
                ? Signatures.verifies(parts, keys.jwtSecret())
                : keys.trusted().getKeys().stream()
                        .filter(key ->
                                !header.containsKey("kid") || key.getKeyID().equals(header.get("kid")))
                        .anyMatch(key -> Signatures.verifies(parts, key));
        Map<String, Object> claims = Json.readObject(new Base64URL(parts[1]).decode());
        if (!signed || claims == null) {
            throw new JwtRefused("JWSError JWSInvalidSignature");
        }
        checkTimes(claims);
        return claims;
    }

    private void checkTimes(Map<String, Object> claims) throws JwtRefused {
        long now = clock.instant().getEpochSecond();
        if (claims.get("exp") instanceof Number exp && now > exp.longValue() + LEEWAY_SECONDS) {
            throw new JwtRefused("JWT expired");
        }
        if (claims.get("nbf") instanceof Number nbf && now < nbf.longValue() - LEEWAY_SECONDS) {
            throw new JwtRefused("JWT not yet valid");
        }
        if (claims.get("iat") instanceof Number iat && now < iat.longValue() - LEEWAY_SECONDS) {
            throw new JwtRefused("JWT issued at future");
        }
    }
}
