package dev.sluice.caller;

import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.SignedJWT;
import java.text.ParseException;
import java.time.Clock;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtTimestampValidator;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Verifies what a project signs with its JWT secret beside access tokens: its legacy keys and the tokens of signed URLs.
 * Whatever was signed with another key, such as a URL-signing key of storage's own, cannot be verified here.
 */
final class ProjectTokens {

    private final List<ReactiveJwtDecoder> bySecret;

    /** @param secrets for HS256, as {@link AccessTokens} has them; with none, nothing can be verified */
    ProjectTokens(List<String> secrets, Clock clock) {
        JwtTimestampValidator timestamps = new JwtTimestampValidator(AccessTokenClaims.SKEW);
        timestamps.setAllowEmptyExpiryClaim(false);
        timestamps.setClock(clock);
        this.bySecret = secrets.stream()
                .map(secret -> AccessTokens.decoder(secret, timestamps))
                .toList();
    }

    /** Its claims. Empty if it cannot be verified; fails with {@link JwtValidationException} if its time is over. */
    Mono<Jwt> verify(String token) {
        return Flux.fromIterable(bySecret)
                .concatMap(decoder -> decoder.decode(token)
                        .onErrorResume(
                                error -> error instanceof JwtException && !(error instanceof JwtValidationException),
                                error -> Mono.empty()))
                .next();
    }

    /** What a token says of itself, unverified; null if it is no signed JWT. */
    static @Nullable JWTClaimsSet claimed(String token) {
        try {
            JWT jwt = JWTParser.parse(token);
            return jwt instanceof SignedJWT ? jwt.getJWTClaimsSet() : null;
        } catch (ParseException e) {
            return null;
        }
    }
}
