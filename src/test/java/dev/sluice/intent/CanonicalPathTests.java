package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CanonicalPathTests {

    @ParameterizedTest
    @CsvSource({
        "/storage/v1/object/b/a.png, /storage/v1/object/b/a.png",
        "/%73torage/v1/%6Fbject/b/%61.png, /storage/v1/object/b/a.png",
        "/storage/v1/object/b/a%20b+c, /storage/v1/object/b/a%20b%2Bc",
        "/storage/v1/object/b/a;v=1, /storage/v1/object/b/a%3Bv%3D1",
        "/storage/v1/object;x/b/(1)!.png, /storage/v1/object%3Bx/b/%281%29%21.png",
        "/storage/v1/object/b/%c3%bc, /storage/v1/object/b/%C3%BC",
        "/storage/v1/object/b/a%3fb%23c, /storage/v1/object/b/a%3Fb%23c",
        "/storage/v1/upload/resumable/b3Blbi90_-, /storage/v1/upload/resumable/b3Blbi90_-"
    })
    void spellsAPathInOneWay(String sent, String canonical) {
        assertThat(CanonicalPath.of(sent)).isEqualTo(canonical);
        assertThat(CanonicalPath.of(canonical)).isEqualTo(canonical);
        assertThat(CanonicalPath.exists(sent)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/storage/v1/object/b/a%2Fb",
                "/storage/v1/object/b/a%2fb",
                "/storage%2Fv1/object/b/a",
                "/storage/v1/object/b//a",
                "/storage//v1/object/b/a",
                "/storage/v1/object/b/../a",
                "/storage/v1/object/b/./a",
                "/storage/v1/object/b/..",
                "/storage/v1/object/b/%2e%2e/a",
                "/storage/v1/object/b/%2E./a",
                "/storage/v1/object/b/%252e%252e/a",
                "/storage/v1/object/b/a%2541",
                "/storage/v1/object/b/a%5Cb",
                "/storage/v1/object/b/a%00b",
                "/storage/v1/object/b/a%0D%0Ab",
                "/storage/v1/object/b/a%7Fb",
                "/storage/v1/object/b/%C0%AF",
                "/storage/v1/object/b/%C0%AE%C0%AE/a",
                "/storage/v1/object/b/%E0%80%AF",
                "/storage/v1/object/b/%ED%A0%80",
                "/storage/v1/object/b/%FF",
                "/storage/v1/object/b/%zz",
                "/storage/v1/object/b/a%2",
                "/storage/v1/object/b/ü"
            })
    void refusesWhatTwoServersCouldReadDifferently(String sent) {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(() -> CanonicalPath.of(sent))
                .satisfies(refused -> assertThat(refused.problem().code()).isEqualTo(ProblemCode.INVALID_REQUEST));
        assertThat(CanonicalPath.exists(sent)).isFalse();
    }

    @Test
    void allowsOneSlashAtTheEndOfWhatIsOnlyPassedOn() {
        assertThat(CanonicalPath.exists("/rest/v1/")).isTrue();
        assertThat(CanonicalPath.exists("/rest/v1//")).isFalse();
        assertThatExceptionOfType(ProblemException.class).isThrownBy(() -> CanonicalPath.of("/storage/v1/bucket/"));
    }
}
