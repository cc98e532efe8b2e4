package dev.sluice.problem;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class JsonTextTests {

    private static final String AWKWARD = "\"quoted\" back\\slash \n \u0000 \u001f \u007f é 😀 </script>";

    @Test
    void writesWhatAMapperReads() {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("content-type", "text/plain; charset=\"x\"");
        headers.put("content-length", "1");

        String json = new String(
                new JsonText()
                        .member("text", AWKWARD)
                        .member("number", Long.MAX_VALUE)
                        .member("flag", true)
                        .member("headers", headers)
                        .member("none", Map.of())
                        .json("timing", "{\"total\":1.000}")
                        .value("anyNumber", 7)
                        .value("anyText", AWKWARD)
                        .value("anyFlag", false)
                        .bytes(),
                StandardCharsets.UTF_8);

        Map<String, Object> expected = new LinkedHashMap<>();
        expected.put("text", AWKWARD);
        expected.put("number", Long.MAX_VALUE);
        expected.put("flag", true);
        expected.put("headers", headers);
        expected.put("none", Map.of());
        expected.put("timing", Map.of("total", 1.0));
        expected.put("anyNumber", 7);
        expected.put("anyText", AWKWARD);
        expected.put("anyFlag", false);
        assertThat(JsonMapper.shared().readValue(json, Map.class)).isEqualTo(expected);
    }

    @Test
    void isAnObjectWithoutMembersToo() {
        assertThat(new JsonText()).hasToString("{}");
        assertThat(new JsonText().bytes()).asString().isEqualTo("{}");
        assertThat(StandardCharsets.UTF_8.decode(new JsonText().buffer()).toString())
                .isEqualTo("{}");
    }
}
