package dev.sluice.upload;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.BareEdge;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;

/** Proxied uploads against a server that records what arrives. */
class UploadProxyIT {

    private record Arrived(String method, String uri, io.netty.handler.codec.http.HttpHeaders headers, String body) {}

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final List<Arrived> ARRIVED = new CopyOnWriteArrayList<>();

    private static DisposableServer backend;
    private static BareEdge edge;

    @BeforeAll
    static void start() {
        backend = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .handle((request, response) -> request.uri().contains("/hang/")
                        ? Mono.never()
                        : request.receive()
                                .aggregate()
                                .asString()
                                .defaultIfEmpty("")
                                .flatMap(body -> {
                                    ARRIVED.add(new Arrived(
                                            request.method().name(),
                                            request.uri(),
                                            request.requestHeaders().copy(),
                                            body));
                                    if (request.uri().contains("/fail/")) {
                                        return response.status(409)
                                                .header("X-Own", "kept")
                                                .sendString(Mono.just("an error of its own"))
                                                .then();
                                    }
                                    return response.header("Set-Cookie", "a=b")
                                            .header("Connection", "X-Hop")
                                            .header("X-Hop", "1")
                                            .header("Keep-Alive", "timeout=5")
                                            .sendString(Mono.just("stored"))
                                            .then();
                                }))
                .bindNow();
        String supabase = "http://127.0.0.1:" + backend.port();
        String foreign = "http://localhost:" + backend.port();
        String rewrite = "RewritePath=/[^/]+/(?<object>.*), /storage/v1/object/${object}".replace("$", "$\\");
        edge = BareEdge.of(supabase, "service.key.secret")
                .with("spring.cloud.gateway.server.webflux.routes[5].metadata.response-timeout", "1000")
                .with("sluice.object-prefix", "{userId}/")
                .with("sluice.upload.answer-timeout", "3s")
                .route(supabase, "Path=/supabase/{bucket}/**", "Claimed", "UploadIntent=path", rewrite)
                .route(foreign + "/base", "Path=/foreign/{bucket}/**", "Claimed", "UploadIntent=path")
                .route(
                        supabase,
                        "Path=/elsewhere/{bucket}/**",
                        "Claimed",
                        "UploadIntent=path",
                        "SetPath=/auth/v1/admin")
                .route(
                        supabase,
                        "Path=/swapped/{bucket}/**",
                        "Claimed",
                        "UploadIntent=path",
                        "SetPath=/storage/v1/object/other/a/x")
                .route("http://127.0.0.1:1", "Path=/down/{bucket}/**", "Claimed", "UploadIntent=path")
                .route(foreign, "Path=/slow/{bucket}/**", "Claimed", "UploadIntent=path")
                .route(foreign, "Path=/patient/{bucket}/**", "Claimed", "UploadIntent=path")
                .start();
    }

    @AfterAll
    static void stop() {
        edge.close();
        backend.disposeNow();
    }

    @BeforeEach
    void forget() {
        ARRIVED.clear();
    }

    @Test
    void sendsTheDecidedObjectInItsCanonicalSpellingWithItsLength() throws Exception {
        HttpResponse<String> answer = send(request("/supabase/av%61tars/a/x%20y%2Bz.png")
                .header("Cookie", "session=1")
                .header("X-API-Key", "sk_secret")
                .header("X-User-Id", "mallory")
                .header("apikey", "mine")
                .PUT(BodyPublishers.ofString("pixels")));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(answer.body()).isEqualTo("stored");
        assertThat(answer.headers().firstValue("Set-Cookie")).hasValue("a=b");
        assertThat(answer.headers().firstValue("Server-Timing").orElseThrow()).contains("supabase;dur=");
        Arrived arrived = ARRIVED.get(0);
        assertThat(arrived.uri()).isEqualTo("/storage/v1/object/avatars/a/x%20y%2Bz.png");
        assertThat(arrived.body()).isEqualTo("pixels");
        assertThat(arrived.headers().getAll("Content-Length")).containsExactly("6");
        assertThat(arrived.headers().contains("Transfer-Encoding")).isFalse();
        assertThat(arrived.headers().getAll("Authorization")).containsExactly("Bearer service.key.secret");
        assertThat(arrived.headers().getAll("apikey")).containsExactly("service.key.secret");
        assertThat(arrived.headers().names()).doesNotContain("Cookie", "X-API-Key", "X-User-Id");
        assertThat(arrived.headers().get("X-Request-Id"))
                .isEqualTo(answer.headers().firstValue("X-Request-Id").orElseThrow());
    }

    @Test
    void asksAsTheCallerWhoBroughtAToken() throws Exception {
        send(request("/supabase/b/a/x").header("claimed-token", "own").POST(BodyPublishers.ofString("1")));

        Arrived arrived = ARRIVED.get(0);
        assertThat(arrived.headers().getAll("Authorization")).containsExactly("Bearer own");
        assertThat(arrived.headers().get("apikey")).isEqualTo("service.key.secret");
        assertThat(arrived.headers().contains("x-upsert")).isFalse();
    }

    @Test
    void neverSendsTheServiceKeyToAnotherOrigin() throws Exception {
        HttpResponse<String> answer = send(request("/foreign/b/a/x")
                .header("Cookie", "session=1")
                .header("X-User-Id", "mallory")
                .header("X-Api-Key-Id", "mallory")
                .PUT(BodyPublishers.ofString("1")));

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        Arrived arrived = ARRIVED.get(0);
        assertThat(arrived.uri()).isEqualTo("/base/foreign/b/a/x");
        assertThat(arrived.headers().toString())
                .doesNotContain("service.key.secret")
                .doesNotContain("mallory");
        assertThat(arrived.headers().getAll("X-User-Id")).containsExactly("a");
        assertThat(arrived.headers().get("Cookie")).isEqualTo("session=1");
    }

    @Test
    void keepsToItselfWhatIsForTheNextServerOnly() throws Exception {
        String answer = raw("PUT /foreign/b/a/x HTTP/1.1\r\nHost: h\r\nclaimed-user: a\r\nContent-Length: 1\r\n"
                + "Connection: close, X-Named\r\nX-Named: 1\r\nKeep-Alive: 5\r\nProxy-Connection: keep-alive\r\n"
                + "TE: trailers\r\nProxy-Authorization: Basic eDp5\r\nExpect: 100-continue\r\n\r\nx");

        assertThat(answer).contains("HTTP/1.1 200", "stored").doesNotContainIgnoringCase("x-hop:", "keep-alive:");
        assertThat(ARRIVED.get(0).headers().names())
                .doesNotContain(
                        "X-Named",
                        "Keep-Alive",
                        "Proxy-Connection",
                        "TE",
                        "Proxy-Authorization",
                        "Expect",
                        "Connection");
    }

    @Test
    void passesOnTheErrorsOfBackendsThatAreNotSupabase() throws Exception {
        HttpResponse<String> answer = send(request("/foreign/fail/a/x").PUT(BodyPublishers.ofString("1")));
        assertThat(answer.statusCode()).isEqualTo(409);
        assertThat(answer.body()).isEqualTo("an error of its own");
        assertThat(answer.headers().firstValue("X-Own")).hasValue("kept");

        HttpResponse<String> supabase = send(request("/supabase/fail/a/x").PUT(BodyPublishers.ofString("1")));
        assertRefused(supabase, 409, "OBJECT_EXISTS");
        assertThat(supabase.headers().firstValue("X-Own")).isEmpty();
    }

    @Test
    void deletesWithoutABody() throws Exception {
        HttpResponse<String> answer = send(request("/supabase/b/a/x").DELETE());

        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        assertThat(ARRIVED.get(0).method()).isEqualTo("DELETE");
        assertThat(ARRIVED.get(0).headers().contains("Transfer-Encoding")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "/elsewhere/b/a/x, 403, BUCKET_ACCESS_DENIED",
        "/swapped/b/a/x, 403, BUCKET_ACCESS_DENIED",
        "/supabase/b/bob/x, 403, BUCKET_ACCESS_DENIED",
        "/supabase/b/a/%2e%2e/x, 400, INVALID_REQUEST",
        "/supabase/b/a%2Fx, 400, INVALID_REQUEST",
        "/supabase/b/a/x%23f, 400, INVALID_REQUEST",
        "/supabase/b/a//x, 400, INVALID_REQUEST",
        "/supabase/b/a/x/, 400, INVALID_REQUEST",
        "/supabase/b/a/%5Cx, 400, INVALID_REQUEST",
        "/supabase/..%2F..%2Fauth%2Fv1%2Fadmin/a/x, 400, INVALID_REQUEST"
    })
    void sendsNothingThatWasNotDecidedOn(String path, int status, String code) throws Exception {
        assertRefused(send(request(path).PUT(BodyPublishers.ofString("1"))), status, code);
        assertThat(ARRIVED).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "/supabase/b/a/x.txt#frag",
                "/supabase/b/a\\x",
                "/supabase/b/a/../../../x",
                "/supabase/b/a/x y",
                "/supabase/b/a/%zz",
                "/supabase/b/a/ä"
            })
    void sendsNothingThatOnlyARawSocketCanAskFor(String target) throws Exception {
        String answer = raw("PUT " + target + " HTTP/1.1\r\nHost: h\r\nclaimed-user: a\r\nContent-Length: 1\r\n"
                + "Connection: close\r\n\r\nx");
        assertThat(answer).startsWith("HTTP/1.1 4");
        assertThat(ARRIVED).isEmpty();
    }

    @Test
    void refusesAChunkedUpload() throws Exception {
        HttpResponse<String> answer =
                send(request("/supabase/b/a/x").PUT(BodyPublishers.ofInputStream(() -> InputStream.nullInputStream())));
        assertRefused(answer, 411, "LENGTH_REQUIRED");
        assertThat(ARRIVED).isEmpty();
    }

    @Test
    void saysWhenTheBackendCannotBeReached() throws Exception {
        assertRefused(send(request("/down/b/a/x").PUT(BodyPublishers.ofString("1"))), 502, "SUPABASE_ERROR");
    }

    @Test
    void saysWhenTheBackendDoesNotAnswerInTime() throws Exception {
        assertRefused(send(request("/slow/hang/a/x").PUT(BodyPublishers.ofString("1"))), 504, "SUPABASE_ERROR");
    }

    @Test
    void doesNotWaitLongerForABackendThatDoesNothing() throws Exception {
        HttpResponse<String> unanswered = send(request("/patient/hang/a/x").PUT(BodyPublishers.ofString("1")));
        assertRefused(unanswered, 504, "SUPABASE_ERROR");
    }

    @Test
    void doesNotWaitLongerForABackendThatTakesNothing() throws Exception {
        HttpRequest.Builder large =
                request("/patient/hang/a/x").PUT(BodyPublishers.ofByteArray(new byte[64 * 1024 * 1024]));
        assertRefused(send(large), 504, "SUPABASE_ERROR");
    }

    private static HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(edge.url() + path)).header("claimed-user", "a");
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return HTTP.send(request.build(), BodyHandlers.ofString());
    }

    private static String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", edge.port())) {
            socket.setSoTimeout(10_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void assertRefused(HttpResponse<String> answer, int status, String code) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.body()).contains("\"code\":\"" + code + "\"");
    }
}
