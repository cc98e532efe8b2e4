package dev.sluice.caller;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.SignatureAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Flux;

/**
 * A published key, bound to the one algorithm of its type: a token whose header names another is refused, whatever else
 * the key could be used for.
 *
 * @param decoder checks signature and claims
 */
record VerificationKey(String kid, JWSAlgorithm algorithm, ReactiveJwtDecoder decoder) {

    private static final int MIN_RSA_BITS = 2048;

    /** Null for a key that does not verify access tokens: symmetric, for encryption, without kid, weak. */
    static @Nullable VerificationKey of(JWK jwk, OAuth2TokenValidator<Jwt> claims) {
        String kid = jwk.getKeyID();
        SignatureAlgorithm algorithm = algorithm(jwk);
        boolean signs = jwk.getKeyUse() == null || KeyUse.SIGNATURE.equals(jwk.getKeyUse());
        if (kid == null || algorithm == null || !signs) {
            return null;
        }
        JWSAlgorithm jws = JWSAlgorithm.parse(algorithm.getName());
        if (jwk.getAlgorithm() != null && !jws.equals(jwk.getAlgorithm())) {
            return null;
        }
        JWK publicKey = jwk.toPublicJWK();
        NimbusReactiveJwtDecoder decoder = NimbusReactiveJwtDecoder.withJwkSource(token -> Flux.just(publicKey))
                .jwsAlgorithm(algorithm)
                .build();
        decoder.setJwtValidator(claims);
        return new VerificationKey(kid, jws, decoder);
    }

    private static @Nullable SignatureAlgorithm algorithm(JWK jwk) {
        if (jwk instanceof ECKey ec && Curve.P_256.equals(ec.getCurve())) {
            return SignatureAlgorithm.ES256;
        }
        return jwk instanceof RSAKey && jwk.size() >= MIN_RSA_BITS ? SignatureAlgorithm.RS256 : null;
    }
}
