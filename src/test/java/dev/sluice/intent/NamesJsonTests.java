package dev.sluice.intent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.sluice.problem.ProblemException;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NamesJsonTests {

    @Test
    void readsTheNamesBesideWhateverElseStorageTakes() {
        assertThat(parse("{\"expiresIn\":60,\"paths\":[\"a/b.png\",\"\\u00fc\"],\"transform\":{\"paths\":[\"x\"]}}"))
                .containsExactly("a/b.png", "ü");
    }

    @Test
    void takesAsManyNamesAsStorageSigns() {
        assertThat(parse(names(NamesJson.MAX_NAMES))).hasSize(NamesJson.MAX_NAMES);
        refused(names(NamesJson.MAX_NAMES + 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[]",
                "[\"a\"]",
                "{}",
                "{\"paths\":[]}",
                "{\"paths\":\"a\"}",
                "{\"paths\":null}",
                "{\"paths\":[1]}",
                "{\"paths\":[null]}",
                "{\"paths\":[[\"a\"]]}",
                "{\"paths\":[\"a\"],\"paths\":[\"b\",\"c\"]}",
                "{\"paths\":[\"a\"]} {}",
                "{\"paths\":[\"a\"]",
                "{\"prefixes\":[\"a\"]}"
            })
    void refusesWhatStorageCouldReadDifferently(String body) {
        refused(body);
    }

    @Test
    void refusesWhatIsNotUtf8() {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(
                        () -> NamesJson.parse("{\"paths\":[\"ü\"]}".getBytes(StandardCharsets.ISO_8859_1), "paths"));
    }

    private static void refused(String body) {
        assertThatExceptionOfType(ProblemException.class)
                .isThrownBy(() -> parse(body))
                .satisfies(refused -> assertThat(refused.problem().status()).isEqualTo(400));
    }

    private static List<String> parse(String body) {
        return NamesJson.parse(body.getBytes(StandardCharsets.UTF_8), "paths");
    }

    private static String names(int count) {
        return "{\"paths\":[" + String.join(",", Collections.nCopies(count, "\"a\"")) + "]}";
    }
}
