package dev.sluice.intent;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.test.StepVerifier;

class BodyIntentTests {

    private static final String WHOLE =
            "{\"filename\":\"a/b.png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\",\"fileSize\":7}";

    private final BodyIntent body = new BodyIntent(Duration.ofSeconds(10));

    @Test
    void readsWhatIsAsked() {
        assertThat(read("application/json", WHOLE).block())
                .isEqualTo(new UploadIntent(new ObjectPath("avatars", "a/b.png"), "image/png", 7L, false, null));
    }

    @Test
    void putsTheFilenameIntoItsPlace() {
        Mono<UploadIntent> intent = body.read(request("application/json").body(WHOLE), name -> "alice/" + name);
        assertThat(intent.map(read -> read.object().path()).block()).isEqualTo("alice/a/b.png");
    }

    @Test
    void refusesAFilenameThatItsPlaceMakesTooLong() {
        Mono<UploadIntent> intent = body.read(request("application/json").body(WHOLE), name -> "a".repeat(1024) + name);
        assertRefused(intent, ProblemCode.INVALID_REQUEST, "field", "filename");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "filename|{\"supabaseBucket\":\"b\"}",
                "supabaseBucket|{\"filename\":\"a\"}",
                "filename|{\"filename\":null,\"supabaseBucket\":\"b\"}",
                "filename|{\"filename\":\"../other/secret\",\"supabaseBucket\":\"b\"}",
                "filename|{\"filename\":\"a\\u0000\",\"supabaseBucket\":\"b\"}",
                "filename|{\"filename\":\"%2e%2e/a\",\"supabaseBucket\":\"b\"}",
                "filename|{\"filename\":\"\\ud800\",\"supabaseBucket\":\"b\"}",
                "supabaseBucket|{\"filename\":\"a\",\"supabaseBucket\":\"../../auth/v1/admin\"}",
                "contentType|{\"filename\":\"a\",\"supabaseBucket\":\"b\",\"contentType\":\"png\"}",
                "body|''"
            })
    void namesTheFieldThatIsWrong(String field, String sent) {
        assertRefused(
                read("application/json", sent.equals("''") ? "" : sent), ProblemCode.INVALID_REQUEST, "field", field);
    }

    @ParameterizedTest
    @ValueSource(strings = {"application/json", "application/json;charset=UTF-8", "application/vnd.api+json"})
    void takesJson(String contentType) {
        assertThat(read(contentType, WHOLE).block()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text/plain",
                "application/x-www-form-urlencoded",
                "application/json;charset=utf-16",
                "application/json;charset=nonsense",
                "json"
            })
    void refusesWhatIsNotDeclaredAsJson(String contentType) {
        assertRefused(Mono.defer(() -> read(contentType, WHOLE)), ProblemCode.UNSUPPORTED_MEDIA_TYPE, "hint", null);
    }

    @Test
    void refusesABodyWithoutATypeOrInAContentCoding() {
        UnaryOperator<String> same = UnaryOperator.identity();
        assertRefused(
                Mono.defer(() -> body.read(MockServerHttpRequest.post("/").body(WHOLE), same)),
                ProblemCode.UNSUPPORTED_MEDIA_TYPE,
                "hint",
                null);
        assertRefused(
                Mono.defer(() -> body.read(
                        request("application/json")
                                .header("Content-Encoding", "gzip")
                                .body(WHOLE),
                        same)),
                ProblemCode.UNSUPPORTED_MEDIA_TYPE,
                "hint",
                null);
    }

    @Test
    void stopsReadingAtTheLimit() {
        AtomicInteger chunks = new AtomicInteger();
        Flux<DataBuffer> endless = Flux.generate(sink -> {
            chunks.incrementAndGet();
            sink.next(buffer(" ".repeat(1024)));
        });

        assertRefused(
                body.read(request("application/json").body(endless), UnaryOperator.identity()),
                ProblemCode.PAYLOAD_TOO_LARGE,
                "limit",
                16384);
        assertThat(chunks).hasValue(17);
    }

    @Test
    void refusesADeclaredLengthWithoutReading() {
        AtomicReference<String> read = new AtomicReference<>("nothing");
        Flux<DataBuffer> body = Flux.defer(() -> {
            read.set("something");
            return Flux.empty();
        });
        assertRefused(
                Mono.defer(() -> this.body.read(
                        request("application/json")
                                .header("Content-Length", "16385")
                                .body(body),
                        UnaryOperator.identity())),
                ProblemCode.PAYLOAD_TOO_LARGE,
                "limit",
                16384);
        assertThat(read).hasValue("nothing");
    }

    @Test
    void takesABodyOfExactlyTheLimit() {
        assertThat(read("application/json", WHOLE + " ".repeat(16384 - WHOLE.length()))
                        .block())
                .isNotNull();
    }

    @Test
    void waitsForTheWholeBodyNoLongerThanTheTimeout() {
        StepVerifier.withVirtualTime(() -> body.read(
                        request("application/json")
                                .body(Flux.interval(Duration.ofSeconds(3)).map(tick -> buffer(" "))),
                        UnaryOperator.identity()))
                .expectSubscription()
                .expectNoEvent(Duration.ofSeconds(9))
                .thenAwait(Duration.ofSeconds(2))
                .expectErrorSatisfies(
                        e -> assertThat(((ProblemException) e).problem().code()).isEqualTo(ProblemCode.REQUEST_TIMEOUT))
                .verify();
    }

    private Mono<UploadIntent> read(String contentType, String text) {
        return body.read(request(contentType).body(Flux.just(buffer(text))), UnaryOperator.identity());
    }

    private static MockServerHttpRequest.BodyBuilder request(String contentType) {
        return MockServerHttpRequest.post("/").header("Content-Type", contentType);
    }

    private static DataBuffer buffer(String text) {
        return DefaultDataBufferFactory.sharedInstance.wrap(text.getBytes(UTF_8));
    }

    private static void assertRefused(
            Mono<UploadIntent> intent, ProblemCode code, String field, @Nullable Object value) {
        StepVerifier.create(intent).verifyErrorSatisfies(e -> {
            Problem problem = ((ProblemException) e).problem();
            assertThat(problem.code()).isEqualTo(code);
            assertThat(problem.fields()).containsKey(field);
            if (value != null) {
                assertThat(problem.fields()).containsEntry(field, value);
            }
        });
    }
}
