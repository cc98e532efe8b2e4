package dev.sluice.testkit.supabase;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import dev.sluice.testkit.Secrets;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * The keys of the project: the JWT secret, the opaque {@code sb_…} project keys and the asymmetric signing keys that
 * the JWKS document lists. The first signing key is the one in use; rotated ones verify until they are revoked.
 */
final class Keys {

    private final String jwtSecret;
    private final String secretKey = Secrets.ofThisRun().remember("sb_secret_" + random());
    private final String publishableKey = "sb_publishable_" + random();
    private final List<ECKey> signingKeys = new CopyOnWriteArrayList<>();
    private volatile @Nullable RSAKey rsaKey;

    Keys(String jwtSecret) {
        this.jwtSecret = Secrets.ofThisRun().remember(jwtSecret);
        rotate();
    }

    String jwtSecret() {
        return jwtSecret;
    }

    String secretKey() {
        return secretKey;
    }

    String publishableKey() {
        return publishableKey;
    }

    ECKey signingKey() {
        return signingKeys.get(0);
    }

    void rotate() {
        try {
            signingKeys.add(
                    0,
                    new ECKeyGenerator(Curve.P_256)
                            .keyID(UUID.randomUUID().toString())
                            .keyUse(KeyUse.SIGNATURE)
                            .algorithm(JWSAlgorithm.ES256)
                            .generate());
        } catch (JOSEException e) {
            throw new IllegalStateException("no P-256 key", e);
        }
    }

    void revokeRotated() {
        signingKeys.retainAll(List.of(signingKey()));
    }

    /** The RS256 key, made and listed at the first call: making one takes a noticeable part of a second. */
    synchronized RSAKey rsaKey() {
        RSAKey key = rsaKey;
        if (key == null) {
            try {
                key = new RSAKeyGenerator(2048)
                        .keyID(UUID.randomUUID().toString())
                        .keyUse(KeyUse.SIGNATURE)
                        .algorithm(JWSAlgorithm.RS256)
                        .generate();
            } catch (JOSEException e) {
                throw new IllegalStateException("no RSA key", e);
            }
            rsaKey = key;
        }
        return key;
    }

    /** The trusted asymmetric keys, newest first. */
    JWKSet trusted() {
        List<JWK> keys = new java.util.ArrayList<>(signingKeys);
        RSAKey rsa = rsaKey;
        if (rsa != null) {
            keys.add(rsa);
        }
        return new JWKSet(keys);
    }

    /** The JWKS document: public halves only, never the JWT secret. */
    Map<String, Object> jwks() {
        return trusted().toJSONObject(true);
    }

    private static String random() {
        return UUID.randomUUID().toString().replace("-", "").substring(0, 22) + "_"
                + UUID.randomUUID().toString().substring(0, 8);
    }
}
