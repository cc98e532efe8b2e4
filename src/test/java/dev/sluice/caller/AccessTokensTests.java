package dev.sluice.caller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.PlainJWT;
import com.nimbusds.jwt.SignedJWT;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.test.StepVerifier;

class AccessTokensTests {

    private static final String SECRET = "a-secret-of-more-than-32-characters!";
    private static final String OLD_SECRET = "the-secret-before-the-last-rotation";
    private static final String ISSUER = "https://project.example/auth/v1";
    private static final Instant NOW = Instant.parse("2026-11-23T12:00:00Z");

    private static final ECKey EC = ec("ec-1");
    private static final RSAKey RSA = rsa("rsa-1");

    private final AtomicLong nanos = new AtomicLong();
    private final AtomicInteger fetches = new AtomicInteger();
    private volatile JWKSet published = new JWKSet(List.of(EC, RSA));
    private volatile int status = 200;
    private volatile Duration delay = Duration.ZERO;
    private DisposableServer server;
    private AccessTokens tokens;

    private final Clock clock = new Clock() {
        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return NOW.plusNanos(nanos.get());
        }
    };

    @BeforeEach
    void start() {
        server = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .route(routes -> routes.get("/jwks", (request, response) -> {
                    fetches.incrementAndGet();
                    String body = published.toString();
                    return Mono.delay(delay)
                            .thenMany(Flux.defer(() -> response.status(status)
                                    .sendString(Mono.just(body))
                                    .then()))
                            .then();
                }))
                .bindNow();
        tokens = tokens(List.of(SECRET, OLD_SECRET));
    }

    @AfterEach
    void stop() {
        server.disposeNow();
    }

    private AccessTokens tokens(List<String> secrets) {
        return tokens(secrets, Duration.ofSeconds(20));
    }

    private AccessTokens tokens(List<String> secrets, Duration timeout) {
        AccessTokenClaims claims = new AccessTokenClaims(ISSUER, clock);
        SigningKeys keys = new SigningKeys(
                WebClient.create(),
                URI.create("http://127.0.0.1:" + server.port() + "/jwks"),
                timeout,
                claims,
                nanos::get);
        return new AccessTokens(secrets, keys, claims, clock, nanos::get);
    }

    @Test
    void acceptsATokenSignedWithAnyOfTheSecrets() {
        for (String secret : List.of(SECRET, OLD_SECRET)) {
            String token = hs256(secret, claims -> {});
            StepVerifier.create(tokens.verify(token))
                    .expectNext(new Caller("user-1", null, "pro", token))
                    .verifyComplete();
        }
        assertThat(fetches).hasValue(0);
    }

    @Test
    void acceptsTokensSignedWithAPublishedKey() {
        for (String token : List.of(es256(EC), rs256(RSA))) {
            StepVerifier.create(tokens.verify(token))
                    .expectNext(new Caller("user-1", null, "pro", token))
                    .verifyComplete();
        }
        assertThat(fetches).hasValue(1);
    }

    @Test
    void hasNoPlanWithoutOneInTheAppMetadata() {
        String none = hs256(SECRET, claims -> claims.claim("app_metadata", null));
        String user = hs256(
                SECRET,
                claims ->
                        claims.claim("app_metadata", Map.of("plan", 7)).claim("user_metadata", Map.of("plan", "pro")));
        for (String token : List.of(none, user)) {
            StepVerifier.create(tokens.verify(token))
                    .assertNext(caller -> assertThat(caller.plan()).isNull())
                    .verifyComplete();
        }
    }

    @Test
    void refusesClaimsThatAreMissingOrWrong() {
        refuses(hs256(SECRET, claims -> claims.expirationTime(at(-31))), "expired");
        refuses(hs256(SECRET, claims -> claims.expirationTime(null)), "does not expire");
        refuses(hs256(SECRET, claims -> claims.notBeforeTime(at(31))), "not valid yet");
        refuses(hs256(SECRET, claims -> claims.issuer("https://other.example/auth/v1")), "issuer");
        refuses(hs256(SECRET, claims -> claims.issuer(null)), "issuer");
        refuses(hs256(SECRET, claims -> claims.audience("anon")), "audience");
        refuses(hs256(SECRET, claims -> claims.audience((String) null)), "audience");
        refuses(hs256(SECRET, claims -> claims.subject(null)), "subject");
        refuses(hs256(SECRET, claims -> claims.subject(" ")), "subject");
        refuses(hs256(SECRET, claims -> claims.subject("u".repeat(257))), "subject");
        refuses(hs256(SECRET, claims -> claims.subject("a\r\nb")), "subject");
    }

    @Test
    void allowsForClocksThatAreALittleApart() {
        StepVerifier.create(tokens.verify(hs256(SECRET, claims -> claims.expirationTime(at(-29)))))
                .expectNextCount(1)
                .verifyComplete();
        StepVerifier.create(tokens.verify(hs256(SECRET, claims -> claims.notBeforeTime(at(29)))))
                .expectNextCount(1)
                .verifyComplete();
        StepVerifier.create(tokens.verify(hs256(SECRET, claims -> claims.audience(List.of("x", "authenticated")))))
                .expectNextCount(1)
                .verifyComplete();
    }

    @Test
    void refusesForgedAndMalformedTokens() throws Exception {
        refuses(hs256("another-secret-with-more-than-32-chars", claims -> {}), "signature");
        refuses(es256(ec("ec-1")), "signature");
        refuses(rs256(rsa("rsa-1")), "signature");
        refuses("not-a-token", "not a signed JWT");
        refuses("a.b.c", "not a signed JWT");
        refuses(new PlainJWT(claims(claims -> {})).serialize(), "not a signed JWT");
        String[] parts = hs256(SECRET, claims -> {}).split("\\.");
        refuses(parts[0] + "." + parts[1] + ".", "not a signed JWT");
        refuses(parts[0] + "." + parts[1] + ".AAAA", "signature");
        refuses(sign(new JWSHeader(JWSAlgorithm.HS384), new MACSigner(SECRET.repeat(2))), "algorithm");
    }

    @Test
    void refusesAPublishedKeyUsedAsASecret() throws Exception {
        byte[] publicKey = RSA.toRSAPublicKey().getEncoded();
        byte[] jwk = RSA.toPublicJWK().toJSONString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
        for (byte[] secret : List.of(publicKey, jwk)) {
            JWSHeader header =
                    new JWSHeader.Builder(JWSAlgorithm.HS256).keyID("rsa-1").build();
            refuses(sign(header, new MACSigner(secret)), "signature");
        }
        AccessTokens withoutSecret = tokens(List.of());
        StepVerifier.create(withoutSecret.verify(hs256(SECRET, claims -> {})))
                .verifyErrorSatisfies(error -> unauthenticated(error, "algorithm"));
    }

    @Test
    void refusesAKeyUsedForAnotherAlgorithmThanItsOwn() throws Exception {
        JWSHeader header =
                new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("ec-1").build();
        refuses(sign(header, new RSASSASigner(RSA)), "unknown");
        refuses(sign(new JWSHeader(JWSAlgorithm.ES256), new ECDSASigner(EC)), "kid");
    }

    @Test
    void learnsARotatedKeyAtOnceAndAsksNoMoreThanOncePerFiveSeconds() {
        StepVerifier.create(tokens.verify(es256(EC))).expectNextCount(1).verifyComplete();
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        ECKey next = ec("ec-2");
        published = new JWKSet(List.of(EC, next));
        StepVerifier.create(tokens.verify(es256(next))).expectNextCount(1).verifyComplete();
        assertThat(fetches).hasValue(2);
        for (int i = 0; i < 20; i++) {
            refuses(es256(ec("unknown-" + i)), "unknown");
        }
        assertThat(fetches).hasValue(2);
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        refuses(es256(ec("unknown")), "unknown");
        assertThat(fetches).hasValue(3);
    }

    @Test
    void sharesOneFetchAmongAllWhoWait() {
        delay = Duration.ofMillis(200);
        List<Mono<Caller>> calls = IntStream.range(0, 50)
                .mapToObj(i -> tokens.verify(sign(EC, claims -> claims.subject("u" + i))))
                .toList();
        StepVerifier.create(Flux.merge(calls)).expectNextCount(50).verifyComplete();
        assertThat(fetches).hasValue(1);
    }

    @Test
    void saysUnavailableWhileTheKeysCannotBeFetched() {
        status = 500;
        unavailable(es256(EC));
        unavailable(es256(EC));
        assertThat(fetches).hasValue(1);
        status = 200;
        nanos.addAndGet(Duration.ofSeconds(6).toNanos());
        StepVerifier.create(tokens.verify(es256(EC))).expectNextCount(1).verifyComplete();
    }

    @Test
    void saysUnavailableWhenTheKeysHang() {
        delay = Duration.ofMinutes(1);
        tokens = tokens(List.of(), Duration.ofMillis(300));
        unavailable(es256(EC));
    }

    @Test
    void keepsUsingKnownKeysWhileTheSetCannotBeRenewed() {
        StepVerifier.create(tokens.verify(es256(EC))).expectNextCount(1).verifyComplete();
        status = 503;
        nanos.addAndGet(SigningKeys.FRESH.plusSeconds(1).toNanos());
        StepVerifier.create(tokens.verify(sign(EC, claims -> claims.expirationTime(at(3_000)))))
                .expectNextCount(1)
                .verifyComplete();
        assertThat(fetches).hasValue(2);
        unavailable(es256(ec("unknown")));
    }

    @Test
    void forgetsAKeyThatIsPublishedNoMore() {
        StepVerifier.create(tokens.verify(es256(EC))).expectNextCount(1).verifyComplete();
        published = new JWKSet(List.of(RSA));
        nanos.addAndGet(SigningKeys.FRESH.plusSeconds(1).toNanos());
        refuses(sign(EC, claims -> claims.expirationTime(at(3_000))), "unknown");
    }

    @Test
    void ignoresSymmetricAndWeakKeysInTheSet() throws Exception {
        RSAKey weak = new RSAKeyGenerator(1024, true).keyID("weak").generate();
        published = new JWKSet(List.<JWK>of(weak));
        refuses(
                sign(
                        new JWSHeader.Builder(JWSAlgorithm.RS256).keyID("weak").build(),
                        new RSASSASigner(weak.toPrivateKey(), true)),
                "unknown");
    }

    @Test
    void reusesAVerificationForAMinuteAndNeverPastTheExpiry() {
        String token = sign(EC, claims -> claims.expirationTime(at(90)));
        StepVerifier.create(tokens.verify(token)).expectNextCount(1).verifyComplete();
        published = new JWKSet(List.of(RSA));
        nanos.addAndGet(Duration.ofSeconds(59).toNanos());
        StepVerifier.create(tokens.verify(token)).expectNextCount(1).verifyComplete();
        nanos.addAndGet(Duration.ofSeconds(62).toNanos());
        refuses(token, "expired");
    }

    @Test
    void refusesToStartWithAShortSecret() {
        assertThatThrownBy(() -> tokens(List.of("short")))
                .hasMessageContaining("sluice.supabase.jwt-secret")
                .hasMessageNotContaining("short ");
    }

    private void refuses(String token, String reason) {
        StepVerifier.create(tokens.verify(token)).verifyErrorSatisfies(error -> {
            unauthenticated(error, reason);
            assertThat(error.getMessage()).doesNotContain(token);
        });
    }

    private static void unauthenticated(Throwable error, String reason) {
        assertThat(error).isInstanceOf(ProblemException.class);
        ProblemException refused = (ProblemException) error;
        assertThat(refused.problem().code()).isEqualTo(ProblemCode.UNAUTHENTICATED);
        assertThat(refused.problem().detail()).contains(reason);
        assertThat(refused.problem().headers())
                .containsEntry("WWW-Authenticate", "Bearer realm=\"sluice\", error=\"invalid_token\"");
    }

    private void unavailable(String token) {
        StepVerifier.create(tokens.verify(token))
                .verifyErrorSatisfies(
                        error -> assertThat(((ProblemException) error).problem().code())
                                .isEqualTo(ProblemCode.IDENTITY_UNAVAILABLE));
    }

    private static Date at(long seconds) {
        return Date.from(NOW.plusSeconds(seconds));
    }

    private static JWTClaimsSet claims(Consumer<JWTClaimsSet.Builder> change) {
        JWTClaimsSet.Builder claims = new JWTClaimsSet.Builder()
                .issuer(ISSUER)
                .audience("authenticated")
                .subject("user-1")
                .issueTime(at(-3_600))
                .expirationTime(at(600))
                .claim("role", "authenticated")
                .claim("app_metadata", Map.of("plan", "pro"));
        change.accept(claims);
        return claims.build();
    }

    private static String hs256(String secret, Consumer<JWTClaimsSet.Builder> change) {
        try {
            return sign(new JWSHeader(JWSAlgorithm.HS256), new MACSigner(secret), change);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String es256(ECKey key) {
        return sign(key, claims -> {});
    }

    private static String sign(ECKey key, Consumer<JWTClaimsSet.Builder> change) {
        try {
            return sign(
                    new JWSHeader.Builder(JWSAlgorithm.ES256)
                            .keyID(key.getKeyID())
                            .build(),
                    new ECDSASigner(key),
                    change);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String rs256(RSAKey key) {
        try {
            return sign(
                    new JWSHeader.Builder(JWSAlgorithm.RS256)
                            .keyID(key.getKeyID())
                            .build(),
                    new RSASSASigner(key));
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static String sign(JWSHeader header, JWSSigner signer) throws Exception {
        return sign(header, signer, claims -> {});
    }

    private static String sign(JWSHeader header, JWSSigner signer, Consumer<JWTClaimsSet.Builder> change)
            throws Exception {
        SignedJWT jwt = new SignedJWT(header, claims(change));
        jwt.sign(signer);
        return jwt.serialize();
    }

    private static ECKey ec(String kid) {
        try {
            return new ECKeyGenerator(Curve.P_256).keyID(kid).generate();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static RSAKey rsa(String kid) {
        try {
            return new RSAKeyGenerator(2048).keyID(kid).generate();
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }
}
