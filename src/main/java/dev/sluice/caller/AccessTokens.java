package dev.sluice.caller;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jwt.JWT;
import com.nimbusds.jwt.JWTParser;
import com.nimbusds.jwt.SignedJWT;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.security.oauth2.core.OAuth2TokenValidator;
import org.springframework.security.oauth2.jose.jws.MacAlgorithm;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.security.oauth2.jwt.JwtValidationException;
import org.springframework.security.oauth2.jwt.NimbusReactiveJwtDecoder;
import org.springframework.security.oauth2.jwt.ReactiveJwtDecoder;
import reactor.core.publisher.Mono;

/**
 * Verifies access tokens of Supabase Auth: HS256 by the shared secrets, ES256 and RS256 by the published key that the
 * token's kid names. The token's algorithm chooses the kind of key and never more than that: a published key is not a
 * secret, a secret is not a published key, and an unsigned token has neither.
 */
final class AccessTokens {

    private static final Logger log = LoggerFactory.getLogger(AccessTokens.class);
    private static final int MAX_VERIFIED = 10_000;
    private static final Duration MAX_REUSE = Duration.ofSeconds(60);
    private static final int MIN_SECRET_BYTES = 32;

    private record Verified(Caller caller, Instant expires) {}

    private final List<ReactiveJwtDecoder> bySecret;
    private final SigningKeys published;
    private final Clock clock;
    private final Cache<String, Verified> verified;

    /**
     * @param secrets for HS256, each at least 32 bytes of UTF-8; none turns HS256 off
     * @throws IllegalArgumentException if a secret is too short
     */
    AccessTokens(
            List<String> secrets,
            SigningKeys published,
            OAuth2TokenValidator<Jwt> claims,
            Clock clock,
            LongSupplier nanoTime) {
        this.bySecret = secrets.stream().map(secret -> decoder(secret, claims)).toList();
        this.published = published;
        this.clock = clock;
        this.verified = Caffeine.newBuilder()
                .maximumSize(MAX_VERIFIED)
                .ticker(nanoTime::getAsLong)
                .expireAfter(Expiry.<String, Verified>writing((hash, token) -> reuse(token)))
                .build();
    }

    static ReactiveJwtDecoder decoder(String secret, OAuth2TokenValidator<Jwt> claims) {
        byte[] bytes = secret.getBytes(StandardCharsets.UTF_8);
        if (bytes.length < MIN_SECRET_BYTES) {
            throw new IllegalArgumentException("sluice.supabase.jwt-secret must have at least " + MIN_SECRET_BYTES
                    + " bytes (RFC 7518, 3.2), for example the JWT secret of the project's settings");
        }
        NimbusReactiveJwtDecoder decoder = NimbusReactiveJwtDecoder.withSecretKey(
                        new SecretKeySpec(bytes, "HmacSHA256"))
                .macAlgorithm(MacAlgorithm.HS256)
                .build();
        decoder.setJwtValidator(claims);
        return decoder;
    }

    private Duration reuse(Verified token) {
        Duration left = Duration.between(clock.instant(), token.expires());
        return left.isNegative() ? Duration.ZERO : left.compareTo(MAX_REUSE) < 0 ? left : MAX_REUSE;
    }

    /**
     * Whose token it is. Fails with UNAUTHENTICATED saying what is wrong with it, or with IDENTITY_UNAVAILABLE if its key
     * is not known and cannot be fetched.
     */
    Mono<Caller> verify(String token) {
        return Mono.defer(() -> {
            String hash = Sha256.hex(token);
            Verified known = verified.getIfPresent(hash);
            if (known != null) {
                return Mono.just(known.caller());
            }
            return decode(token)
                    .onErrorMap(JwtException.class, AccessTokens::refusal)
                    .map(jwt -> new Verified(caller(jwt, token), Objects.requireNonNull(jwt.getExpiresAt())))
                    .doOnNext(fresh -> verified.put(hash, fresh))
                    .map(Verified::caller);
        });
    }

    private Mono<Jwt> decode(String token) {
        SignedJWT signed = parse(token);
        if (signed == null) {
            return Mono.error(Refusals.invalidToken("The access token is not a signed JWT"));
        }
        JWSAlgorithm algorithm = signed.getHeader().getAlgorithm();
        if (JWSAlgorithm.HS256.equals(algorithm)) {
            return bySecret.isEmpty() ? Mono.error(notAccepted()) : byAnySecret(token);
        }
        if (JWSAlgorithm.ES256.equals(algorithm) || JWSAlgorithm.RS256.equals(algorithm)) {
            return byPublishedKey(token, signed.getHeader().getKeyID(), algorithm);
        }
        return Mono.error(notAccepted());
    }

    private static @Nullable SignedJWT parse(String token) {
        try {
            JWT jwt = JWTParser.parse(token);
            return jwt instanceof SignedJWT signed ? signed : null;
        } catch (ParseException e) {
            return null;
        }
    }

    /** Tries each secret until one made the signature; wrong claims are wrong under every secret. */
    private Mono<Jwt> byAnySecret(String token) {
        Mono<Jwt> decoded = bySecret.get(0).decode(token);
        for (ReactiveJwtDecoder next : bySecret.subList(1, bySecret.size())) {
            decoded = decoded.onErrorResume(
                    error -> !(error instanceof JwtValidationException), error -> next.decode(token));
        }
        return decoded;
    }

    private Mono<Jwt> byPublishedKey(String token, @Nullable String kid, JWSAlgorithm algorithm) {
        if (kid == null) {
            return Mono.error(Refusals.invalidToken("The access token does not name its key (kid)"));
        }
        return published
                .find(kid)
                .onErrorMap(error -> Refusals.unavailable(
                        "The key of the access token is unknown and cannot be fetched at the moment"))
                .filter(key -> key.algorithm().equals(algorithm))
                .switchIfEmpty(Mono.error(() -> Refusals.invalidToken("The access token's key is unknown")))
                .flatMap(key -> key.decoder().decode(token));
    }

    private static RuntimeException notAccepted() {
        return Refusals.invalidToken("The access token's algorithm is not accepted");
    }

    private static Throwable refusal(JwtException error) {
        if (error instanceof JwtValidationException invalid) {
            String detail = invalid.getErrors().iterator().next().getDescription();
            return Refusals.invalidToken(detail != null ? detail : "The access token's claims are not accepted");
        }
        log.debug("An access token was refused: {}", error.toString());
        return Refusals.invalidToken("The access token's signature or form is not valid");
    }

    private static Caller caller(Jwt jwt, String token) {
        Object plan = jwt.getClaim("app_metadata") instanceof Map<?, ?> metadata ? metadata.get("plan") : null;
        return new Caller(
                Objects.requireNonNull(jwt.getSubject()),
                null,
                plan instanceof String name && !name.isBlank() ? name : null,
                token);
    }
}
