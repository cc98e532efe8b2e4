package dev.sluice.intent;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class IntentJsonTests {

    @Test
    void readsEveryField() {
        assertThat(parse("""
                        {"filename":"a/b.png","contentType":"image/png","supabaseBucket":"avatars",
                         "fileSize":12345,"upsert":true,"expiresIn":60}""")).isEqualTo(new IntentJson.Fields("a/b.png", "image/png", "avatars", 12345L, true, 60L));
    }

    @Test
    void passesOverUnknownFieldsAndTakesNullForAbsent() {
        assertThat(parse("{\"x\":{\"filename\":[1,{}]},\"filename\":\"a\",\"fileSize\":null,\"Filename\":7}"))
                .isEqualTo(new IntentJson.Fields("a", null, null, null, null, null));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "fileSize|\"12\"",
                "fileSize|1.5",
                "fileSize|1e3",
                "fileSize|-1",
                "fileSize|9007199254740992",
                "fileSize|99999999999999999999999",
                "fileSize|true",
                "fileSize|[1]",
                "expiresIn|0",
                "expiresIn|\"60\"",
                "filename|7",
                "filename|true",
                "filename|{}",
                "filename|[\"a\"]",
                "contentType|1",
                "supabaseBucket|false",
                "upsert|\"true\"",
                "upsert|1",
                "upsert|[]"
            })
    void refusesAValueOfAnotherType(String field, String value) {
        assertInvalid(("{\"" + field + "\":" + value + "}").getBytes(UTF_8), field);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "null",
                "[]",
                "\"a\"",
                "7",
                "{",
                "{\"filename\":\"a\"",
                "{\"filename\":\"a\"} x",
                "{\"filename\":\"a\"}{}",
                "{\"filename\":\"a\"},",
                "{\"filename\":\"a\",}",
                "{'filename':'a'}",
                "{filename:\"a\"}",
                "{\"filename\":\"a\",\"filename\":\"b\"}",
                "{\"filename\":\"a\",\"file\\u006eame\":\"b\"}",
                "{\"x\":{\"y\":1,\"y\":2}}",
                "{\"filename\":\"a\nb\"}",
                "{\"filename\":\"a\u0000b\"}",
                "{\"fileSize\":012}",
                "{\"fileSize\":NaN}",
                "\uFEFF{}",
                "// x\n{}"
            })
    void refusesWhatIsNotOneStrictObject(String body) {
        assertInvalid(body.getBytes(UTF_8), "body");
    }

    @Test
    void refusesNumbersThatNoProgramHolds() {
        for (String number : List.of("9".repeat(400), "1e999", "1e-999", "-" + "9".repeat(400))) {
            assertInvalid(("{\"fileSize\":" + number + "}").getBytes(UTF_8), "fileSize");
        }
        assertInvalid(("{\"fileSize\":" + "9".repeat(10_000) + "}").getBytes(UTF_8), "body");
        assertInvalid(("{\"x\":" + "9".repeat(10_000) + "}").getBytes(UTF_8), "body");
    }

    @Test
    void refusesDeepNesting() {
        assertInvalid(("{\"x\":" + "[".repeat(40) + "]".repeat(40) + "}").getBytes(UTF_8), "body");
    }

    @Test
    void refusesOtherEncodings() {
        assertInvalid("{\"filename\":\"ä\"}".getBytes(ISO_8859_1), "body");
        assertInvalid("{\"filename\":\"a\"}".getBytes(UTF_16), "body");
        assertInvalid(new byte[] {'{', '"', (byte) 0xC0, (byte) 0x80, '"', ':', '1', '}'}, "body");
    }

    private static IntentJson.Fields parse(String body) {
        return IntentJson.parse(body.getBytes(UTF_8));
    }

    private static void assertInvalid(byte[] body, String field) {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(() -> IntentJson.parse(body))
                .satisfies(e -> {
                    assertThat(e.problem().code()).isEqualTo(ProblemCode.INVALID_REQUEST);
                    assertThat(e.problem().fields())
                            .containsEntry("field", field)
                            .containsKey("hint");
                });
    }
}
