package dev.sluice.intent;

import dev.sluice.problem.Problem;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;

/** Reads the names of a batch from storage's own JSON, strictly, so that storage cannot read other names than these. */
final class NamesJson {

    /** As many as storage-api signs at once. */
    static final int MAX_NAMES = 1000;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(16).build())
            .build();

    private NamesJson() {}

    /** The strings in the array {@code field} of an object, 1 to {@value #MAX_NAMES}; fails with 400. */
    static List<String> parse(byte[] body, String field) {
        try (JsonParser parser = JSON.createParser(
                ObjectReadContext.empty(),
                StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(body))
                        .toString())) {
            List<String> names = names(parser, field);
            if (names == null || names.isEmpty() || names.size() > MAX_NAMES) {
                throw invalid(field, field + " is not an array of 1 to " + MAX_NAMES + " names");
            }
            return names;
        } catch (JacksonException | CharacterCodingException e) {
            throw invalid("body", "The body is not one JSON object in UTF-8 with each field once");
        }
    }

    private static @Nullable List<String> names(JsonParser parser, String field) {
        if (parser.nextToken() != JsonToken.START_OBJECT) {
            throw invalid("body", "The body is not a JSON object");
        }
        List<String> names = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean wanted = field.equals(parser.currentName());
            JsonToken value = parser.nextToken();
            if (wanted && value == JsonToken.START_ARRAY) {
                names = strings(parser, field);
            } else {
                parser.skipChildren();
            }
        }
        if (parser.nextToken() != null) {
            throw invalid("body", "Something follows the body's JSON object");
        }
        return names;
    }

    private static List<String> strings(JsonParser parser, String field) {
        List<String> names = new ArrayList<>();
        for (JsonToken next = parser.nextToken(); next != JsonToken.END_ARRAY; next = parser.nextToken()) {
            if (next != JsonToken.VALUE_STRING) {
                throw invalid(field, field + " holds something else than names");
            }
            names.add(parser.getString());
        }
        return names;
    }

    private static RuntimeException invalid(String field, String detail) {
        return Problem.invalid(
                        field,
                        detail,
                        "Send an object such as {\"paths\":[\"a/b.png\"]}, at most " + MAX_NAMES + " names")
                .exception();
    }
}
