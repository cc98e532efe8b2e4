package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MediaTypeSyntaxTests {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "image/png",
                "application/vnd.oasis.opendocument.text",
                "image/svg+xml",
                "text/plain;charset=UTF-8",
                "text/plain; charset=\"utf-8\"",
                "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
                "multipart/form-data; boundary===abc/def:1=="
            })
    void acceptsMediaTypes(String mediaType) {
        assertThat(MediaTypeSyntax.check(mediaType)).isNull();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "png",
                "image/",
                "/png",
                "image/png/x",
                "image /png",
                "*/*",
                "image/*",
                "image/png;",
                "image/png; charset",
                "image/png\r\nX-Evil: 1",
                "image/png\u0000",
                "text/plain; a=\"x",
                "text/plain; a=\"x\ny\"",
                "ïmage/png"
            })
    void refusesWhatIsNone(String mediaType) {
        assertThat(MediaTypeSyntax.check(mediaType)).isNotNull();
    }

    @Test
    void refusesWhatIsTooLongWithoutMatchingIt() {
        assertThat(MediaTypeSyntax.check("a/b" + ";a=\"\"".repeat(100_000))).isNotNull();
        assertThat(MediaTypeSyntax.check("image/" + "x".repeat(126))).isNull();
        assertThat(MediaTypeSyntax.check("image/" + "x".repeat(250))).isNotNull();
    }
}
