package dev.sluice.caller;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.MACSigner;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.net.URI;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.web.reactive.function.client.ClientResponse;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Mono;

/** Whatever stands in the headers and tokens of a client ends in an identity that was proven, or in a clean refusal. */
class CredentialFuzzTests {

    private static final String SECRET = "a-secret-of-more-than-32-characters!";
    private static final String ISSUER = "https://project.example/auth/v1";
    private static final String GENUINE = token();

    private final AccessTokens tokens = tokens();

    @Property(tries = 1000)
    void readsAnyHeaders(
            @ForAll("values") List<String> keys,
            @ForAll("values") List<String> authorizations,
            @ForAll("values") List<String> users,
            @ForAll boolean trusted) {
        HttpHeaders headers = new HttpHeaders();
        headers.addAll("X-API-Key", keys);
        headers.addAll("Authorization", authorizations);
        headers.addAll("X-User-Id", users);

        Credential credential = Credential.of(headers, trusted);

        if (credential instanceof Credential.Forwarded forwarded) {
            assertThat(trusted).isTrue();
            assertThat(users).containsExactly(forwarded.userId());
            assertThat(UserId.isValid(forwarded.userId())).isTrue();
        } else if (credential instanceof Credential.Key key) {
            assertThat(keys).containsExactly(key.value());
        } else if (credential instanceof Credential.Token token) {
            assertThat(token.value()).matches("[A-Za-z0-9._~+/-]+=*");
            assertThat(authorizations).hasSize(1).first().asString().contains(token.value());
        }
        assertThat(credential.toString())
                .as("what may be logged")
                .matches("Key\\[\\*\\*\\*]|Token\\[\\*\\*\\*]|(?s:Forwarded|Unusable)(?s:.*)");
    }

    @Property(tries = 1000)
    void refusesAnyText(@ForAll("texts") String text) {
        assertThat(verify(text)).isNull();
    }

    @Property(tries = 1000)
    void neverTakesAChangedTokenForAnotherUsers(@ForAll long seed) {
        Random random = new Random(seed);
        StringBuilder changed = new StringBuilder(GENUINE);
        int at = random.nextInt(changed.length());
        switch (random.nextInt(4)) {
            case 0 -> changed.setCharAt(at, "AZaz09-_.=+/ ".charAt(random.nextInt(13)));
            case 1 -> changed.insert(at, "AZaz09-_.=+/ ".charAt(random.nextInt(13)));
            case 2 -> changed.deleteCharAt(at);
            default -> changed.setLength(at);
        }

        Caller caller = verify(changed.toString());

        // Spare bits at the end of the signature's Base64 change nothing, and space around a token is none of it.
        if (caller != null) {
            assertThat(caller.userId()).isEqualTo("user-1");
            assertThat(changed.toString().strip().substring(0, GENUINE.lastIndexOf('.')))
                    .isEqualTo(GENUINE.substring(0, GENUINE.lastIndexOf('.')));
        }
    }

    @Property(tries = 1000)
    void refusesAnyHeaderAndClaimsWithoutASignatureOfOurs(
            @ForAll("documents") String header, @ForAll("documents") String claims) {
        assertThat(verify(base64(header) + "." + base64(claims) + "." + base64("signature")))
                .isNull();
        assertThat(verify(base64(header) + "." + base64(claims) + ".")).isNull();
    }

    @Property(tries = 1)
    void acceptsTheGenuineOne() {
        assertThat(verify(GENUINE)).isNotNull();
    }

    private @Nullable Caller verify(String token) {
        try {
            return tokens.verify(token).block(Duration.ofSeconds(60));
        } catch (ProblemException refused) {
            assertThat(refused.problem().code()).isEqualTo(ProblemCode.UNAUTHENTICATED);
            if (token.length() > 8) {
                assertThat(refused.problem().detail()).doesNotContain(token);
            }
            return null;
        }
    }

    @Provide
    Arbitrary<List<String>> values() {
        return Arbitraries.oneOf(
                        Arbitraries.strings().ofMaxLength(300),
                        Arbitraries.of(
                                "Bearer ",
                                "Bearer a.b.c",
                                "bearer  x==",
                                "Basic x",
                                "Bearer a b",
                                "",
                                " ",
                                "\0",
                                GENUINE))
                .list()
                .ofMaxSize(2);
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.oneOf(
                Arbitraries.strings().ofMaxLength(200),
                Arbitraries.strings().withChars("eyJhbGciOi.{}\":-_=").ofMaxLength(80),
                documents().map(CredentialFuzzTests::base64).list().ofMaxSize(6).map(parts -> String.join(".", parts)));
    }

    @Provide
    Arbitrary<String> documents() {
        Arbitrary<String> value = Arbitraries.of(
                "\"none\"",
                "\"HS256\"",
                "\"HS384\"",
                "\"ES256\"",
                "\"RS256\"",
                "\"dir\"",
                "null",
                "{}",
                "[]",
                "1e999",
                "-1",
                "true",
                "\"authenticated\"",
                "\"" + ISSUER + "\"",
                "9".repeat(400),
                "[".repeat(300),
                "\"\\ud800\"");
        Arbitrary<String> name = Arbitraries.of(
                "alg", "kid", "typ", "enc", "crit", "b64", "jwk", "jku", "x5c", "zip", "sub", "aud", "iss", "exp",
                "nbf", "iat");
        Arbitrary<String> member = name.flatMap(some -> value.map(other -> "\"" + some + "\":" + other));
        return Arbitraries.oneOf(
                member.list().ofMaxSize(6).map(members -> "{" + String.join(",", members) + "}"),
                Arbitraries.strings().ofMaxLength(40));
    }

    private static String base64(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
    }

    private static AccessTokens tokens() {
        AccessTokenClaims claims = new AccessTokenClaims(ISSUER, Clock.systemUTC());
        WebClient noKeys = WebClient.builder()
                .exchangeFunction(request -> Mono.just(ClientResponse.create(HttpStatus.OK)
                        .body("{\"keys\":[]}")
                        .build()))
                .build();
        SigningKeys keys =
                new SigningKeys(noKeys, URI.create("http://jwks"), Duration.ofSeconds(60), claims, System::nanoTime);
        return new AccessTokens(List.of(SECRET), keys, claims, Clock.systemUTC(), System::nanoTime);
    }

    private static String token() {
        try {
            SignedJWT jwt = new SignedJWT(
                    new JWSHeader(JWSAlgorithm.HS256),
                    new JWTClaimsSet.Builder()
                            .subject("user-1")
                            .issuer(ISSUER)
                            .audience("authenticated")
                            .expirationTime(Date.from(Instant.now().plus(Duration.ofHours(1))))
                            .build());
            jwt.sign(new MACSigner(SECRET.getBytes(UTF_8)));
            return jwt.serialize();
        } catch (JOSEException e) {
            throw new IllegalStateException(e);
        }
    }
}
