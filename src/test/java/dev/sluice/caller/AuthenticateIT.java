package dev.sluice.caller;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.supabase.LocalSupabase;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.HttpHeaders;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.test.web.reactive.server.WebTestClient;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import tools.jackson.databind.json.JsonMapper;

/** The filters {@code Authenticate} and {@code MemoryGuard} on routes of a whole edge; the backend answers its headers. */
class AuthenticateIT {

    private static final ParameterizedTypeReference<Map<String, String>> HEADERS =
            new ParameterizedTypeReference<>() {};
    private static final String TRUSTED_PEER = "127.0.0.2";

    private static Redis redis;
    private static Database database;
    private static LocalSupabase supabase;
    private static DisposableServer backend;
    private static Edge edge;

    private final AtomicInteger address = new AtomicInteger();

    @BeforeAll
    static void start() {
        redis = Redis.start();
        database = Postgres.shared().newDatabase();
        supabase = LocalSupabase.start(database.dataSource(), Path.of("target", "objects", "authenticate"));
        // Publishes the RSA key before the first fetch: a key that comes after it is not asked for within 5 s.
        supabase.accessTokenRs256("nobody", null);
        backend = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> {
                    Map<String, String> headers = new TreeMap<>();
                    request.requestHeaders()
                            .forEach(
                                    header -> headers.put(header.getKey().toLowerCase(Locale.ROOT), header.getValue()));
                    return response.header("Content-Type", "application/json")
                            .sendString(Mono.just(JsonMapper.shared().writeValueAsString(headers)));
                })
                .bindNow();
        String uri = "http://127.0.0.1:" + backend.port();
        String routes = "spring.cloud.gateway.server.webflux.routes";
        edge = Edge.start(
                redis,
                supabase,
                // Where Spring Boot would believe forwarded addresses of its own accord.
                "spring.main.cloud-platform",
                "kubernetes",
                "sluice.client-address.trusted-proxies",
                "127.0.0.1",
                "sluice.identity.trusted-headers",
                TRUSTED_PEER,
                "sluice.operations.probe.memory",
                "3/1m",
                "sluice.operations.probe.redis",
                "1000/1m",
                "sluice.plans.pro.operations.probe.memory",
                "5/1m",
                routes + "[0].id",
                "who",
                routes + "[0].uri",
                uri,
                routes + "[0].predicates[0]",
                "Path=/who",
                routes + "[0].filters[0]",
                "Authenticate",
                routes + "[1].id",
                "guarded",
                routes + "[1].uri",
                uri,
                routes + "[1].predicates[0]",
                "Path=/guarded",
                routes + "[1].filters[0]",
                "Authenticate",
                routes + "[1].filters[1]",
                "MemoryGuard=probe",
                routes + "[2].id",
                "open",
                routes + "[2].uri",
                uri,
                routes + "[2].predicates[0]",
                "Path=/open",
                routes + "[2].filters[0]",
                "MemoryGuard=probe");
    }

    @AfterAll
    static void stop() {
        edge.close();
        backend.disposeNow();
        supabase.close();
        database.close();
        redis.close();
    }

    @BeforeEach
    void anotherClientAddress() {
        address.set((int) (System.nanoTime() & 0xff_ffff));
    }

    private WebTestClient.ResponseSpec get(String path, Consumer<HttpHeaders> headers) {
        return get(edge.client(), path, headers);
    }

    private WebTestClient.ResponseSpec get(WebTestClient client, String path, Consumer<HttpHeaders> headers) {
        int ip = address.get();
        return client.get()
                .uri(path)
                .header("X-Forwarded-For", "10." + (ip >> 16) + "." + ((ip >> 8) & 0xff) + "." + (ip & 0xff))
                .headers(headers)
                .exchange();
    }

    private Map<String, String> upstream(WebTestClient.ResponseSpec answer) {
        return Objects.requireNonNull(
                answer.expectStatus().isOk().expectBody(HEADERS).returnResult().getResponseBody());
    }

    @Test
    void tellsBackendsWhoseKeyItWasAndNeverTheKey() {
        String key = supabase.createApiKey("user-1", "pro");
        String id = database.text("select id::text from public.api_keys where user_id = 'user-1'");
        Map<String, String> upstream = upstream(get("/who", headers -> {
            headers.set("X-API-Key", key);
            headers.set("Authorization", "Bearer " + supabase.accessToken("user-9", null));
            headers.set("X-User-Id", "mallory");
            headers.set("X-Api-Key-Id", "forged");
            headers.set("X-Request-Id", "mine");
        }));
        assertThat(upstream)
                .containsEntry("x-user-id", "user-1")
                .containsEntry("x-api-key-id", id)
                .doesNotContainKeys("x-api-key", "authorization");
        assertThat(upstream.get("x-request-id")).startsWith("sup_");
        assertThat(upstream.values()).noneMatch(value -> value.contains(key));
    }

    @Test
    void forwardsTheCallersOwnAccessToken() {
        for (String token : new String[] {
            supabase.accessToken("user-2", null),
            supabase.accessTokenEs256("user-2", "pro"),
            supabase.accessTokenRs256("user-2", null)
        }) {
            assertThat(upstream(get("/who", headers -> {
                        headers.setBearerAuth(token);
                        headers.set("X-Api-Key-Id", "forged");
                    })))
                    .containsEntry("x-user-id", "user-2")
                    .containsEntry("authorization", "Bearer " + token)
                    .doesNotContainKey("x-api-key-id");
        }
    }

    @Test
    void refusesWithoutACredentialAndSaysWhatToSend() {
        get("/who", headers -> headers.set("X-User-Id", "mallory"))
                .expectStatus()
                .isUnauthorized()
                .expectHeader()
                .valueEquals("WWW-Authenticate", "Bearer realm=\"sluice\"")
                .expectHeader()
                .exists("X-Request-Id")
                .expectBody()
                .jsonPath("$.success")
                .isEqualTo(false)
                .jsonPath("$.code")
                .isEqualTo("UNAUTHENTICATED")
                .jsonPath("$.error")
                .value(String.class, detail -> assertThat(detail).contains("X-API-Key", "Bearer"));
    }

    @Test
    void refusesBadCredentialsWithoutRepeatingThem() {
        refused(headers -> headers.set("X-API-Key", "sk_unknown"), "sk_unknown");
        refused(headers -> headers.set("X-API-Key", "k".repeat(300)), "kkk");
        refused(headers -> headers.addAll("X-API-Key", List.of("one", "two")), "one\"");
        refused(headers -> headers.set("Authorization", "Basic dXNlcjpwYXNz"), "dXNlcjpwYXNz");
        refused(headers -> headers.set("Authorization", supabase.accessToken("user-2", null)), "eyJ");
        String forged = supabase.tokens()
                .hs256(supabase.tokens().claims("user-2", null), "another-secret-with-at-least-32-characters", null);
        get("/who", headers -> headers.setBearerAuth(forged))
                .expectStatus()
                .isUnauthorized()
                .expectHeader()
                .valueEquals("WWW-Authenticate", "Bearer realm=\"sluice\", error=\"invalid_token\"");
    }

    private void refused(Consumer<HttpHeaders> credential, String secret) {
        get("/who", credential)
                .expectStatus()
                .isUnauthorized()
                .expectBody(String.class)
                .value(body -> assertThat(body).contains("UNAUTHENTICATED").doesNotContain(secret));
    }

    @Test
    void refusesProjectKeysWhichAreNobodysTokens() {
        for (String key : new String[] {supabase.serviceKey(), supabase.anonKey()}) {
            get("/who", headers -> headers.setBearerAuth(key)).expectStatus().isUnauthorized();
        }
    }

    @Test
    void believesTheHeadersOfATrustedPeerOnly() {
        WebTestClient trusted = WebTestClient.bindToServer(new ReactorClientHttpConnector(
                        HttpClient.create().bindAddress(() -> new InetSocketAddress(TRUSTED_PEER, 0))))
                .baseUrl(edge.url())
                .responseTimeout(Duration.ofSeconds(30))
                .build();
        Map<String, String> upstream = upstream(trusted.get()
                .uri("/who")
                .header("X-User-Id", "user-3")
                .header("X-Api-Key-Id", "key-3")
                .header("X-API-Key", "unverified")
                .header("Authorization", "Bearer unverified")
                .exchange());
        assertThat(upstream)
                .containsEntry("x-user-id", "user-3")
                .containsEntry("x-api-key-id", "key-3")
                .doesNotContainKeys("x-api-key", "authorization");
        trusted.get()
                .uri("/who")
                .header("X-User-Id", "u".repeat(257))
                .exchange()
                .expectStatus()
                .isUnauthorized()
                .expectBody();
    }

    @Test
    void takesNoHeadersWordForWhoThePeerIs() {
        edge.client()
                .get()
                .uri("/who")
                .header("X-Forwarded-For", TRUSTED_PEER)
                .header("Forwarded", "for=" + TRUSTED_PEER)
                .header("X-Real-IP", TRUSTED_PEER)
                .header("X-User-Id", "mallory")
                .exchange()
                .expectStatus()
                .isUnauthorized();
        assertThatThrownBy(() -> Edge.start(redis, supabase, "server.forward-headers-strategy", "native"))
                .rootCause()
                .hasMessageContaining("server.forward-headers-strategy")
                .hasMessageContaining("sluice.client-address.trusted-proxies");
    }

    @Test
    void removesAClaimedIdentityOnEveryRoute() {
        assertThat(upstream(get("/open", headers -> {
                    headers.set("X-User-Id", "mallory");
                    headers.set("X-Api-Key-Id", "forged");
                })))
                .doesNotContainKeys("x-user-id", "x-api-key-id");
    }

    @Test
    void removesAnIdentityInEverySpellingThatABackendCouldRead() {
        String key = supabase.createApiKey("user-7", null);
        Map<String, String> upstream = upstream(get("/who", headers -> {
            headers.set("X-API-Key", key);
            headers.addAll("x-uSER-iD", List.of("mallory", "root"));
            headers.set("X_User_Id", "mallory");
            headers.set("x_user-id", "mallory");
            headers.set("X_API_KEY_ID", "forged");
            headers.set("X-Api_Key-Id", "forged");
            headers.set("Connection", "close, X-User-Id, x-api-key-id, X-Request-Id");
        }));

        assertThat(upstream)
                .containsEntry("x-user-id", "user-7")
                .containsKeys("x-api-key-id", "x-request-id")
                .doesNotContainKeys("x_user_id", "x_user-id", "x_api_key_id", "x-api_key-id");
        assertThat(upstream.values()).doesNotContain("mallory", "root", "forged");
    }

    @Test
    void refusesTokensThatAreNotForUsNow() {
        long now = Instant.now().getEpochSecond();
        Map<String, Object> another = Map.of(
                "iss", "https://another.supabase.co/auth/v1",
                "aud", "another-audience",
                "exp", now - 3600,
                "nbf", now + 3600,
                "sub", "");
        another.forEach((claim, value) -> {
            for (UnaryOperator<String> signed : List.<UnaryOperator<String>>of(
                    sub -> supabase.tokens().hs256(with(sub, claim, value)),
                    sub -> supabase.tokens().es256(with(sub, claim, value)))) {
                get("/who", headers -> headers.setBearerAuth(signed.apply("user-2")))
                        .expectStatus()
                        .isUnauthorized()
                        .expectHeader()
                        .valueEquals("WWW-Authenticate", "Bearer realm=\"sluice\", error=\"invalid_token\"");
            }
        });
    }

    private static Map<String, Object> with(String sub, String claim, Object value) {
        Map<String, Object> claims = new TreeMap<>();
        supabase.tokens().claims(sub, null).forEach((name, known) -> {
            if (known != null) {
                claims.put(name, known);
            }
        });
        claims.put(claim, value);
        return claims;
    }

    @Test
    void neitherSparesNorBlamesAnAddressThatAnUntrustedPeerMadeUp() {
        WebTestClient untrusted = WebTestClient.bindToServer(new ReactorClientHttpConnector(
                        HttpClient.create().bindAddress(() -> new InetSocketAddress("127.0.0.3", 0))))
                .baseUrl(edge.url())
                .responseTimeout(Duration.ofSeconds(30))
                .build();
        for (int i = 0; i <= 60; i++) {
            untrusted
                    .get()
                    .uri("/who")
                    .header("X-API-Key", "sk_wrong")
                    .header("X-Forwarded-For", i % 2 == 0 ? "198.51.100." + i : "198.51.100.200")
                    .exchange()
                    .expectStatus()
                    .isEqualTo(i < 60 ? 401 : 429)
                    .expectBody();
        }
        edge.client()
                .get()
                .uri("/who")
                .header("X-API-Key", "sk_wrong")
                .header("X-Forwarded-For", "198.51.100.200")
                .exchange()
                .expectStatus()
                .isUnauthorized();
    }

    @Test
    void limitsFailuresPerAddressWhileValidOnesPass() {
        String key = supabase.createApiKey("user-4", null);
        for (int i = 0; i < 60; i++) {
            get("/who", headers -> headers.set("X-API-Key", "sk_wrong"))
                    .expectStatus()
                    .isUnauthorized();
        }
        get("/who", headers -> headers.set("X-API-Key", "sk_wrong"))
                .expectStatus()
                .isEqualTo(429)
                .expectHeader()
                .exists("Retry-After")
                .expectBody()
                .jsonPath("$.code")
                .isEqualTo("RATE_LIMIT_MEMORY")
                .jsonPath("$.limit")
                .isEqualTo(60)
                .jsonPath("$.remaining")
                .isEqualTo(0)
                .jsonPath("$.resetIn")
                .isNumber();
        get("/who", headers -> headers.set("X-API-Key", key)).expectStatus().isOk();
        address.incrementAndGet();
        get("/who", headers -> headers.set("X-API-Key", "sk_wrong"))
                .expectStatus()
                .isUnauthorized();
    }

    @Test
    void asksNobodyAnyMoreForAnAddressThatTriesKeyAfterKey() {
        String known = supabase.createApiKey("user-7", null);
        String unseen = supabase.createApiKey("user-8", null);
        get("/who", headers -> headers.set("X-API-Key", known)).expectStatus().isOk();
        int negatives = redis.client().keys("{id:*").size();
        WebTestClient client = edge.client();
        for (int i = 0; i < 120; i++) {
            String made = "sk_made_up_" + i;
            get(client, "/who", headers -> headers.set("X-API-Key", made))
                    .expectStatus()
                    .isEqualTo(i < 60 ? 401 : 429);
        }
        long asked = supabase.calls("rest.rpc.resolve_api_key");
        assertThat(redis.client().keys("{id:*")).hasSizeLessThanOrEqualTo(negatives + 60);

        get("/who", headers -> headers.set("X-API-Key", unseen))
                .expectStatus()
                .isEqualTo(429)
                .expectHeader()
                .valueMatches("Retry-After", "[1-9]\\d*");

        assertThat(supabase.calls("rest.rpc.resolve_api_key")).isEqualTo(asked);
        get("/who", headers -> headers.set("X-API-Key", known)).expectStatus().isOk();
        address.incrementAndGet();
        get("/who", headers -> headers.set("X-API-Key", unseen)).expectStatus().isOk();
    }

    @Test
    void guardsEachUserByPlanAndTellsThePolicy() {
        String free = supabase.createApiKey("user-5", null);
        String pro = supabase.createApiKey("user-6", "pro");
        for (int i = 0; i < 3; i++) {
            get("/guarded", headers -> headers.set("X-API-Key", free))
                    .expectStatus()
                    .isOk()
                    .expectHeader()
                    .valueEquals("RateLimit-Policy", "\"probe-instance\";q=3;w=60")
                    .expectHeader()
                    .valueMatches("RateLimit", "\"probe-instance\";r=" + (2 - i) + ";t=\\d+")
                    .expectHeader()
                    .valueMatches("Server-Timing", "memory;dur=[0-9.]+, .*total;dur=[0-9.]+");
        }
        get("/guarded", headers -> headers.set("X-API-Key", free))
                .expectStatus()
                .isEqualTo(429)
                .expectHeader()
                .valueMatches("Retry-After", "\\d+")
                .expectHeader()
                .valueMatches("RateLimit", "\"probe-instance\";r=0;t=\\d+")
                .expectBody()
                .jsonPath("$.code")
                .isEqualTo("RATE_LIMIT_MEMORY")
                .jsonPath("$.limit")
                .isEqualTo(3)
                .jsonPath("$.remaining")
                .isEqualTo(0);
        for (int i = 0; i < 5; i++) {
            get("/guarded", headers -> headers.set("X-API-Key", pro))
                    .expectStatus()
                    .isOk();
        }
        get("/guarded", headers -> headers.set("X-API-Key", pro)).expectStatus().isEqualTo(429);
    }

    @Test
    void saysUnavailableWhenNobodyCanTell() {
        supabase.faults().status("rest.rpc.resolve_api_key", 503, "{}");
        try {
            get("/who", headers -> headers.set("X-API-Key", "sk_first_seen_in_an_outage"))
                    .expectStatus()
                    .isEqualTo(503)
                    .expectHeader()
                    .exists("Retry-After")
                    .expectBody()
                    .jsonPath("$.code")
                    .isEqualTo("IDENTITY_UNAVAILABLE");
        } finally {
            supabase.faults().clear();
        }
    }
}
