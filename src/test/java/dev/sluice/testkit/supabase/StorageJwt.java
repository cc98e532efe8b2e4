package dev.sluice.testkit.supabase;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.util.Base64URL;
import java.time.Clock;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Verifies tokens as storage-api does with its JOSE library: signature, {@code exp} and {@code nbf} without leeway, and
 * neither {@code iss} nor {@code aud}. HS256 is checked against the JWT secret whatever its {@code kid}; ES256 and
 * RS256 against the trusted key of exactly that {@code kid}.
 */
final class StorageJwt {

    private final Keys keys;
    private final Clock clock;

    StorageJwt(Keys keys, Clock clock) {
        this.keys = keys;
        this.clock = clock;
    }

    Map<String, Object> verify(String token) throws JwtRefused {
        String[] parts = token.split("\\.", -1);
        if (parts.length != 3) {
            throw new JwtRefused("Invalid Compact JWS");
        }
        Map<String, Object> header = Json.readObject(new Base64URL(parts[0]).decode());
        if (header == null) {
            throw new JwtRefused("JWS Protected Header is invalid");
        }
        if (!(header.get("alg") instanceof String algorithm)) {
            throw new JwtRefused("JWS \"alg\" (Algorithm) Header Parameter missing or invalid");
        }
        if (!allowed().contains(algorithm)) {
            throw new JwtRefused("\"alg\" (Algorithm) Header Parameter value not allowed");
        }
        if (!signed(parts, algorithm, header.get("kid"))) {
            throw new JwtRefused("signature verification failed");
        }
        Map<String, Object> claims = Json.readObject(new Base64URL(parts[1]).decode());
        if (claims == null) {
            throw new JwtRefused("JWT Claims Set must be a top-level JSON object");
        }
        checkTimes(claims);
        return claims;
    }

    private boolean signed(String[] parts, String algorithm, @Nullable Object kid) throws JwtRefused {
        if (algorithm.equals("HS256")) {
            return Signatures.verifies(parts, keys.jwtSecret());
        }
        JWK key = kid instanceof String id ? keys.trusted().getKeyByKeyId(id) : null;
        if (key == null || !algorithm.equals(String.valueOf(key.getAlgorithm()))) {
            throw new JwtRefused("Key for the " + algorithm + " algorithm must be one of type CryptoKey, KeyObject, or "
                    + "JSON Web Key. Received an instance of Uint8Array");
        }
        return Signatures.verifies(parts, key);
    }

    private Set<String> allowed() {
        Set<String> allowed = keys.trusted().getKeys().stream()
                .map(key -> String.valueOf(key.getAlgorithm()))
                .collect(Collectors.toSet());
        allowed.add("HS256");
        return allowed;
    }

    private void checkTimes(Map<String, Object> claims) throws JwtRefused {
        long now = clock.instant().getEpochSecond();
        if (claims.containsKey("nbf") && number(claims, "nbf") > now) {
            throw new JwtRefused("\"nbf\" claim timestamp check failed");
        }
        if (claims.containsKey("exp") && number(claims, "exp") <= now) {
            throw new JwtRefused("\"exp\" claim timestamp check failed");
        }
    }

    private static long number(Map<String, Object> claims, String name) throws JwtRefused {
        if (claims.get(name) instanceof Number number) {
            return number.longValue();
        }
        throw new JwtRefused("\"" + name + "\" claim must be a number");
    }
}
