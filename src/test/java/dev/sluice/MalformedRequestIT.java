package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.ByteClient.Answer;
import dev.sluice.testkit.Stack;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is refused before any filter has the one error form too; sent as bytes, because clients refuse to send it. */
class MalformedRequestIT {

    private static final int MEGABYTE = 1024 * 1024;

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start();
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {9_000, MEGABYTE})
    void refusesAUriThatIsTooLong(int length) {
        Answer answer = send("PUT /v1/upload/avatars/" + "a".repeat(length) + " HTTP/1.1\r\nHost: edge\r\n\r\n");

        assertRefused(answer, 414, "URI_TOO_LONG");
    }

    @ParameterizedTest
    @ValueSource(ints = {17_000, MEGABYTE})
    void refusesHeadersThatAreTooLarge(int length) {
        Answer answer = send(
                "POST /v1/supabase/signed-url HTTP/1.1\r\nHost: edge\r\nX-Big: " + "a".repeat(length) + "\r\n\r\n");

        assertRefused(answer, 431, "HEADERS_TOO_LARGE");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PUT /v1/upload/avatars/a\\b HTTP/1.1\r\nHost: edge\r\n\r\n",
                "PUT /v1/upload/avatars/a%zz HTTP/1.1\r\nHost: edge\r\n\r\n",
                "PUT /v1/upload/avatars/a% HTTP/1.1\r\nHost: edge\r\nContent-Length: 1\r\n\r\nx",
                "PUT /v1/upload/avatars/a^b{c} HTTP/1.1\r\nHost: edge\r\n\r\n",
            })
    void refusesAUriThatIsNone(String request) {
        Answer answer = send(request);

        assertRefused(answer, 400, "INVALID_REQUEST");
        assertThat(answer.json().path("field").asString()).isEqualTo("uri");
        assertThat(answer.json().path("hint").asString()).contains("Percent-encode");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense\r\n\r\n",
                "GET / HTTP/x.y\r\nHost: edge\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: edge\r\n: no name\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: edge\r\nX-Nul: a\0b\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: edge\r\nContent-Length: many\r\n\r\n",
                "POST / HTTP/1.1\r\nHost: edge\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
            })
    void refusesWhatIsNoHttp(String request) {
        Answer answer = send(request);

        assertRefused(answer, 400, "INVALID_REQUEST");
        assertThat(answer.json().path("field").asString()).isEqualTo("request");
        assertThat(answer.json().path("hint").asString()).contains("HTTP/1.1");
    }

    @Test
    void answersAfterTheRequestsBeforeIt() {
        Answer answers =
                send("GET /v1/nothing HTTP/1.1\r\nHost: edge\r\n\r\n" + "GET /a%zz HTTP/1.1\r\nHost: edge\r\n\r\n");

        assertThat(answers.text()).containsSubsequence("HTTP/1.1 404", "NOT_FOUND", "HTTP/1.1 400", "INVALID_REQUEST");
    }

    @Test
    void writesProblemsOfRfc9457WhereTheClientAsksForThem() {
        Answer answer = send("GET /a%zz HTTP/1.1\r\nHost: edge\r\nAccept: application/problem+json\r\n\r\n");

        assertThat(answer.header("Content-Type")).isEqualTo("application/problem+json");
        assertThat(answer.json().path("status").intValue()).isEqualTo(400);
        assertThat(answer.json().path("code").asString()).isEqualTo("INVALID_REQUEST");
    }

    @Test
    void takesALongPathThatIsPercentEncoded() {
        Answer answer = send("PUT /v1/upload/avatars/" + "%C3%A4".repeat(512)
                + " HTTP/1.1\r\nHost: edge\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");

        assertThat(answer.json().path("code").asString())
                .as("it reaches the filters, which find no credentials")
                .isEqualTo("UNAUTHENTICATED");
    }

    private static void assertRefused(Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.text()).isEqualTo(status);
        assertThat(answer.json().path("success").booleanValue(true)).isFalse();
        assertThat(answer.json().path("error").asString()).isNotEmpty();
        assertThat(answer.json().path("code").asString()).isEqualTo(code);
        assertThat(answer.json().path("requestId").asString())
                .startsWith("sup_")
                .isEqualTo(answer.header("X-Request-Id"));
        assertThat(answer.header("Content-Type")).isEqualTo("application/json");
        assertThat(answer.header("Connection")).isEqualTo("close");
    }

    private static Answer send(String request) {
        return ByteClient.exchange(stack.edge().port(), request);
    }
}
