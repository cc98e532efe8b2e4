package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.ByteClient.Answer;
import dev.sluice.testkit.RawBackend;
import dev.sluice.testkit.Stack;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Requests that two servers on the way could read differently (RFC 9112, 11.2), as bytes to a whole edge with a backend
 * that keeps what it gets as bytes: on the upload route, and on a route of one's own without any filter of ours.
 */
class SmugglingIT {

    private static final String HIDDEN = "PUT /open/hidden HTTP/1.1\r\nHost: edge\r\nContent-Length: 0\r\n\r\n";

    private static RawBackend backend;
    private static Stack stack;
    private static String key;

    @BeforeAll
    static void startAll() {
        backend = RawBackend.start();
        String routes = "spring.cloud.gateway.server.webflux.routes";
        stack = Stack.start(
                routes + "[0].id", "open",
                routes + "[0].uri", backend.url(),
                routes + "[0].predicates[0]", "Path=/open/**",
                routes + "[1].id", "upload",
                routes + "[1].uri", backend.url(),
                routes + "[1].predicates[0]", "Path=/v1/upload/{bucket}/**",
                routes + "[1].filters[0]", "Authenticate",
                routes + "[1].filters[1]", "UploadIntent=path",
                routes + "[1].filters[2]", "Quota=requests",
                routes + "[1].filters[3]", "BucketAccess=write",
                routes + "[2].id", "sign",
                routes + "[2].uri", "no://op",
                routes + "[2].predicates[0]", "Path=/v1/supabase/signed-url",
                routes + "[2].filters[0]", "Authenticate",
                routes + "[2].filters[1]", "UploadIntent=body",
                routes + "[2].filters[2]", "Quota=requests",
                routes + "[2].filters[3]", "BucketAccess=write",
                routes + "[2].filters[4]", "SupabaseSignedUrl=upload");
        key = stack.user("smuggler", 1000);
    }

    @AfterAll
    static void nothingWasChargedAndStop() {
        try {
            assertThat(stack.sign(key, "after.png").status()).isEqualTo(200);
            await().atMost(Duration.ofSeconds(60))
                    .untilAsserted(() -> assertThat(stack.current("smuggler"))
                            .as("the signed URL and the two uploads that were accepted, nothing else")
                            .isEqualTo(3));
        } finally {
            stack.close();
            backend.close();
        }
    }

    @BeforeEach
    void forget() {
        backend.forget();
    }

    static Stream<Arguments> framings() {
        return Stream.of(
                shape(
                        "both lengths",
                        "1.1",
                        "Host: e\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n",
                        "0\r\n\r\n"),
                shape(
                        "both, other order",
                        "1.1",
                        "Host: e\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
                        "0\r\n\r\n"),
                shape("two lengths", "1.1", "Host: e\r\nContent-Length: 0\r\nContent-Length: 5\r\n", ""),
                shape("the same length twice", "1.1", "Host: e\r\nContent-Length: 0\r\nContent-Length: 0\r\n", ""),
                shape("list of lengths", "1.1", "Host: e\r\nContent-Length: 5,5\r\n", "hello"),
                shape("signed length", "1.1", "Host: e\r\nContent-Length: +5\r\n", "hello"),
                shape("negative length", "1.1", "Host: e\r\nContent-Length: -5\r\n", "hello"),
                shape("hexadecimal length", "1.1", "Host: e\r\nContent-Length: 0x5\r\n", "hello"),
                shape("length with a space", "1.1", "Host: e\r\nContent-Length: 0 5\r\n", "hello"),
                shape("length that overflows", "1.1", "Host: e\r\nContent-Length: 18446744073709551616\r\n", ""),
                shape("folded length", "1.1", "Host: e\r\nContent-Length:\r\n 5\r\n", "hello"),
                shape("empty length", "1.1", "Host: e\r\nContent-Length: \r\n", ""),
                shape("unknown coding", "1.1", "Host: e\r\nTransfer-Encoding: xchunked\r\n", "0\r\n\r\n"),
                shape("chunked is not last", "1.1", "Host: e\r\nTransfer-Encoding: chunked, identity\r\n", "0\r\n\r\n"),
                shape("a second coding", "1.1", "Host: e\r\nTransfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"),
                shape(
                        "chunked twice",
                        "1.1",
                        "Host: e\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
                        "0\r\n\r\n"),
                shape(
                        "identity beside chunked",
                        "1.1",
                        "Host: e\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
                        "0\r\n\r\n"),
                shape("quoted coding", "1.1", "Host: e\r\nTransfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"),
                shape("folded coding", "1.1", "Host: e\r\nTransfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"),
                shape("folded list", "1.1", "Host: e\r\nTransfer-Encoding: chunked,\r\n identity\r\n", "0\r\n\r\n"),
                shape("vertical tab", "1.1", "Host: e\r\nTransfer-Encoding: \u000bchunked\r\n", "0\r\n\r\n"),
                shape("space before the colon", "1.1", "Host: e\r\nTransfer-Encoding : chunked\r\n", "0\r\n\r\n"),
                shape("tab before the colon", "1.1", "Host: e\r\nContent-Length\t: 5\r\n", "hello"),
                shape("NUL in a name", "1.1", "Host: e\r\nContent-\0Length: 5\r\n", "hello"),
                shape("control in a name", "1.1", "Host: e\r\nX\u0001Y: 5\r\n", ""),
                shape("no colon", "1.1", "Host: e\r\nContent-Length 5\r\n", "hello"),
                shape("bare CR in a value", "1.1", "Host: e\r\nX: a\rTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                shape("bare LF between headers", "1.1", "Host: e\nContent-Length: 5\r\n", "hello"),
                shape("coding in HTTP/1.0", "1.0", "Host: e\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
                shape("HTTP/1.2", "1.2", "Host: e\r\n", ""),
                shape("HTTP/2.0 in text", "2.0", "Host: e\r\n", ""),
                shape("HTTP/0.9", "0.9", "Host: e\r\n", ""),
                shape("no host", "1.1", "", ""),
                shape("two hosts", "1.1", "Host: e\r\nHost: f\r\n", ""),
                shape("two hosts in HTTP/1.0", "1.0", "Host: e\r\nHost: f\r\n", ""),
                shape("list of hosts", "1.1", "Host: e, f\r\n", ""),
                shape("host with a path", "1.1", "Host: e/admin\r\n", ""),
                shape("host with a user", "1.1", "Host: a@e\r\n", ""),
                shape("empty host", "1.1", "Host: \r\n", ""),
                shape(
                        "WebSocket of before RFC 6455",
                        "1.1",
                        "Host: e\r\nUpgrade: websocket\r\nSec-WebSocket-Key1: 1\r\nSec-WebSocket-Key2: 2\r\n",
                        ""),
                shape(
                        "length named by Connection",
                        "1.1",
                        "Host: e\r\nConnection: close, Content-Length\r\nContent-Length: 5\r\n",
                        "hello"));
    }

    private static Arguments shape(String name, String version, String headers, String body) {
        return Arguments.of(name, version, headers, body);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("framings")
    void refusesAndNothingLeaves(String name, String version, String headers, String body) {
        for (String path : new String[] {"/open/x", "/v1/upload/avatars/x"}) {
            Answer answer = ByteClient.exchange(
                    stack.edge().port(),
                    "POST " + path + " HTTP/" + version + "\r\nX-API-Key: " + key + "\r\n" + headers + "\r\n" + body
                            + HIDDEN);

            assertRefused(answer);
        }
    }

    static Stream<String> targets() {
        return Stream.of(
                "http://edge/open/x",
                "http://other/open/x",
                "https://edge@other/open/x",
                "edge:80",
                "*",
                "open/x",
                "//other/open/x",
                "?x",
                "",
                "/open/x HTTP/1.1 ",
                "/open/x HTTP/1.1\r\n X: y");
    }

    @ParameterizedTest
    @MethodSource("targets")
    void refusesATargetThatIsNoPath(String target) {
        Answer answer =
                ByteClient.exchange(stack.edge().port(), "GET " + target + " HTTP/1.1\r\nHost: edge\r\n\r\n" + HIDDEN);

        assertRefused(answer);
    }

    static Stream<String> chunks() {
        return Stream.of(
                "zz\r\nx\r\n",
                "-1\r\nx\r\n",
                "0x1\r\nx\r\n",
                "1;\nx\r\n",
                "1\nx\r\n",
                "\r\nx\r\n",
                "1\r\nxx\r\n",
                "ffffffffffffffff1\r\nx\r\n",
                "1 \r\nx\r\n");
    }

    @ParameterizedTest
    @MethodSource("chunks")
    void refusesAChunkThatIsNone(String chunk) {
        Answer answer = ByteClient.exchange(
                stack.edge().port(),
                "POST /v1/supabase/signed-url HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                        + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk
                        + "0\r\n\r\n" + HIDDEN);

        assertRefused(answer);
    }

    @Test
    void refusesABodyThatIsWholeOnlyUpToABrokenChunk() {
        String body = "{\"filename\":\"cut.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}";
        long signed = stack.supabase().calls("storage.sign-upload");

        Answer answer = ByteClient.exchange(
                stack.edge().port(),
                "POST /v1/supabase/signed-url HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                        + "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + Integer.toHexString(body.length()) + "\r\n" + body + "\r\nzz\r\n" + HIDDEN);

        assertRefused(answer);
        assertThat(stack.supabase().calls("storage.sign-upload")).isEqualTo(signed);
    }

    @Test
    void sendsExactlyOneRequestForOne() {
        Answer answer = ByteClient.exchange(
                stack.edge().port(),
                "PUT /v1/upload/avatars/a%62c HTTP/1.1\r\nHost: edge\r\nX-API-Key: " + key
                        + "\r\nX-Folded: a\r\n b\r\nConnection: close, X-Request-Id, X-User-Id\r\nContent-Length: 5\r\n"
                        + "\r\nhello" + HIDDEN);

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.count()).isEqualTo(1);
        assertThat(backend.requests()).hasSize(1);
        String request = backend.requests().get(0);
        assertThat(request)
                .startsWith("PUT /v1/upload/avatars/abc HTTP/1.1\r\n")
                .endsWith("\r\n\r\nhello")
                .contains("X-User-Id: smuggler\r\n", "X-Request-Id: " + answer.header("X-Request-Id") + "\r\n")
                .doesNotContain("\n ", "hidden", key);
        assertThat(request.split("(?i)\r\ncontent-length: 5\r\n", -1)).hasSize(2);
    }

    @Test
    void endsTheConnectionAfterARequestOfHttp10() {
        Answer answer = ByteClient.exchange(
                stack.edge().port(),
                "PUT /v1/upload/avatars/old HTTP/1.0\r\nHost: edge\r\nConnection: keep-alive\r\nX-API-Key: " + key
                        + "\r\nContent-Length: 2\r\nContent-Length: 40\r\n\r\nhi" + HIDDEN);

        assertThat(answer.status()).as(answer.text()).isEqualTo(200);
        assertThat(answer.count()).isEqualTo(1);
        assertThat(backend.requests()).hasSize(1);
        assertThat(backend.requests().get(0)).endsWith("\r\n\r\nhi");
    }

    @Test
    void refusesASmuggledRequestAfterAGoodOne() {
        Answer answers = ByteClient.exchange(
                stack.edge().port(),
                "GET /open/good HTTP/1.1\r\nHost: edge\r\n\r\n"
                        + "POST /open/bad HTTP/1.1\r\nHost: edge\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + HIDDEN);

        assertThat(answers.text()).containsSubsequence("HTTP/1.1 200", "HTTP/1.1 400", "INVALID_REQUEST");
        assertThat(answers.count()).isEqualTo(2);
        assertThat(backend.requests()).hasSize(1);
        assertThat(backend.requests().get(0)).startsWith("GET /open/good ");
    }

    private static void assertRefused(Answer answer) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(400);
        assertThat(answer.count()).isEqualTo(1);
        assertThat(answer.header("Connection")).isEqualTo("close");
        assertThat(answer.json().path("code").asString()).isEqualTo("INVALID_REQUEST");
        assertThat(answer.json().path("hint").asString()).isNotEmpty();
        assertThat(answer.json().path("requestId").asString())
                .startsWith("sup_")
                .isEqualTo(answer.header("X-Request-Id"));
        assertThat(backend.begun()).as("nothing leaves").isZero();
    }
}
