package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;

class PathIntentTests {

    private static final String PATTERN = "/v1/upload/{bucket}/**";

    @Test
    void readsTheObjectTypeAndLength() {
        UploadIntent intent =
                read(MockServerHttpRequest.post("/").header("x-upsert", "true"), "/v1/upload/avatars/a%20b/c.png");

        assertThat(intent)
                .isEqualTo(new UploadIntent(new ObjectPath("avatars", "a b/c.png"), "image/png", 5L, true, null));
    }

    @ParameterizedTest
    @CsvSource({"POST, false", "PUT, true"})
    void replacesOnlyWhereTheRequestMeansTo(String method, boolean upsert) {
        MockServerHttpRequest.BaseBuilder<?> request =
                MockServerHttpRequest.method(org.springframework.http.HttpMethod.valueOf(method), "/");
        assertThat(read(request, "/v1/upload/b/a").upsert()).isEqualTo(upsert);
    }

    @Test
    void needsNoLengthToDelete() {
        UploadIntent intent = PathIntent.read(
                MockServerHttpRequest.delete("/").build(), PATTERN, URI.create("http://h/v1/upload/b/a"));
        assertThat(intent.contentLength()).isNull();
    }

    @Test
    void refusesAnUploadWithoutLength() {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(() -> PathIntent.read(
                        MockServerHttpRequest.put("/").build(), PATTERN, URI.create("http://h/v1/upload/b/a")))
                .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ProblemCode.LENGTH_REQUIRED));
    }

    @Test
    void refusesMoreThanCanBeCounted() {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(() -> PathIntent.read(
                        MockServerHttpRequest.put("/")
                                .header("Content-Length", "9007199254740992")
                                .build(),
                        PATTERN,
                        URI.create("http://h/v1/upload/b/a")))
                .satisfies(e -> assertThat(e.problem().code()).isEqualTo(ProblemCode.PAYLOAD_TOO_LARGE));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/upload/b/../other/secret",
                "/v1/upload/b/%2e%2e/secret",
                "/v1/upload/b/%2E./secret",
                "/v1/upload/b/%252e%252e/secret",
                "/v1/upload/b/a%2Fb",
                "/v1/upload/b/a%2fb",
                "/v1/upload/b//a",
                "/v1/upload/b/a//b",
                "/v1/upload/b/a/",
                "/v1/upload/b/",
                "/v1/upload/b/a%5Cb",
                "/v1/upload/b/a.txt%23frag",
                "/v1/upload/b/a.txt#frag",
                "/v1/upload/b/a%00",
                "/v1/upload/b/a%0Ab",
                "/v1/upload/b/a%FF",
                "/v1/upload/b/a%C0%AF",
                "/v1/upload/b/%ED%A0%80"
            })
    void refusesAPathThatCouldNameAnotherObject(String path) {
        assertInvalid(path, "path");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/v1/upload/../auth/v1/admin",
                "/v1/upload/%2e%2e/auth",
                "/v1/upload/..%2F..%2Fauth%2Fv1%2Fadmin/a",
                "/v1/upload//a",
                "/v1/upload/b%23/a"
            })
    void refusesABucketThatIsNotAnId(String path) {
        assertInvalid(path, "bucket");
    }

    @Test
    void keepsWhatFollowsASemicolon() {
        assertThat(read(MockServerHttpRequest.put("/"), "/v1/upload/b;x=1/a;v=2")
                        .object())
                .isEqualTo(new ObjectPath("b;x=1", "a;v=2"));
    }

    @Test
    void countsSegmentsRatherThanTrustingThePrefixesSpelling() {
        assertThat(read(MockServerHttpRequest.put("/"), "/v1/%75pload/b/a").object())
                .isEqualTo(new ObjectPath("b", "a"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"/v1/upload/**", "/**/{bucket}/x", "(none)"})
    void needsAPatternThatSaysWhereTheBucketIs(String pattern) {
        assertThatIllegalStateException()
                .isThrownBy(() -> PathIntent.read(
                        MockServerHttpRequest.delete("/").build(), pattern, URI.create("http://h/v1/upload/b/a")))
                .withMessageContaining("{bucket}");
    }

    private static UploadIntent read(MockServerHttpRequest.BaseBuilder<?> request, String rawPath) {
        MockServerHttpRequest sent = request.header("Content-Type", "image/png")
                .header("Content-Length", "5")
                .build();
        return PathIntent.read(sent, PATTERN, URI.create("http://h" + rawPath));
    }

    private static void assertInvalid(String rawPath, String field) {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(() -> read(MockServerHttpRequest.put("/"), rawPath))
                .satisfies(e -> {
                    assertThat(e.problem().code()).isEqualTo(ProblemCode.INVALID_REQUEST);
                    assertThat(e.problem().fields())
                            .containsEntry("field", field)
                            .containsKey("hint");
                });
    }
}
