package dev.sluice.intent;

import dev.sluice.problem.Problem;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonParser.NumberType;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.json.JsonFactory;

/**
 * Reads the JSON body of a signing request, or of a batch of them, strictly: UTF-8 and nothing else, one object, no duplicate fields, no value
 * of another type turned into the wanted one. Unknown fields are passed over; null means absent.
 */
final class IntentJson {

    /** The largest integer that every JSON implementation carries exactly (RFC 8259, 6). */
    static final long MAX_INTEGER = (1L << 53) - 1;

    private static final int MAX_DEPTH = 16;

    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .build();

    private IntentJson() {}

    /** The fields as they were sent, each of its type; what was absent is null. */
    record Fields(
            @Nullable String filename,
            @Nullable String contentType,
            @Nullable String supabaseBucket,
            @Nullable Long fileSize,
            @Nullable Boolean upsert,
            @Nullable Long expiresIn) {}

    /** Fails with a problem that names the field, {@code body} for the whole. */
    static Fields parse(byte[] body) {
        return parse(body, parser -> fields(parser, ""));
    }

    /** The items of a batch as they were sent, and whether a part of them is enough. */
    record Batch(List<Fields> items, boolean partial) {}

    /** Fails as {@link #parse(byte[])} does; a field of an item is named {@code items[0].filename}. */
    static Batch parseBatch(byte[] body, int maxItems) {
        return parse(body, parser -> batch(parser, maxItems));
    }

    private static <T> T parse(byte[] body, Function<JsonParser, T> content) {
        String text = decode(body);
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw malformed("it is not an object");
            }
            T read = content.apply(parser);
            if (parser.nextToken() != null) {
                throw malformed("something follows the object");
            }
            return read;
        } catch (JacksonException e) {
            TokenStreamLocation at = e.getLocation();
            throw malformed(
                    at == null
                            ? "it is nested too deep or a part of it is too long"
                            : "it breaks off, or is not strict JSON, at character " + at.getCharOffset());
        }
    }

    private static Batch batch(JsonParser parser, int maxItems) {
        List<Fields> items = List.of();
        boolean partial = false;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            switch (name) {
                case "items" -> items = items(parser, value, maxItems);
                case "partial" -> partial = Boolean.TRUE.equals(bool(name, value));
                default -> parser.skipChildren();
            }
        }
        if (items.isEmpty()) {
            throw wrongType("items", "a list of 1 to " + maxItems + " objects");
        }
        return new Batch(items, partial);
    }

    private static List<Fields> items(JsonParser parser, JsonToken value, int maxItems) {
        if (value == JsonToken.VALUE_NULL) {
            return List.of();
        }
        String wanted = "a list of 1 to " + maxItems + " objects";
        if (value != JsonToken.START_ARRAY) {
            throw wrongType("items", wanted);
        }
        List<Fields> items = new ArrayList<>();
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (items.size() == maxItems) {
                throw wrongType("items", wanted);
            }
            if (parser.currentToken() != JsonToken.START_OBJECT) {
                throw wrongType("items[" + items.size() + "]", "an object");
            }
            items.add(fields(parser, "items[" + items.size() + "]."));
        }
        return items;
    }

    /** @param prefix put before a field's name where it is wrong */
    private static Fields fields(JsonParser parser, String prefix) {
        String filename = null;
        String contentType = null;
        String supabaseBucket = null;
        Long fileSize = null;
        Boolean upsert = null;
        Long expiresIn = null;
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            String name = parser.currentName();
            JsonToken value = parser.nextToken();
            String full = prefix + name;
            switch (name) {
                case "filename" -> filename = string(full, parser, value);
                case "contentType" -> contentType = string(full, parser, value);
                case "supabaseBucket" -> supabaseBucket = string(full, parser, value);
                case "fileSize" -> fileSize = integer(full, parser, value, 0);
                case "upsert" -> upsert = bool(full, value);
                case "expiresIn" -> expiresIn = integer(full, parser, value, 1);
                default -> parser.skipChildren();
            }
        }
        return new Fields(filename, contentType, supabaseBucket, fileSize, upsert, expiresIn);
    }

    private static @Nullable String string(String name, JsonParser parser, JsonToken value) {
        if (value == JsonToken.VALUE_NULL) {
            return null;
        }
        if (value != JsonToken.VALUE_STRING) {
            throw wrongType(name, "a string");
        }
        return parser.getString();
    }

    private static @Nullable Long integer(String name, JsonParser parser, JsonToken value, long min) {
        if (value == JsonToken.VALUE_NULL) {
            return null;
        }
        String wanted = "an integer from " + min + " to " + MAX_INTEGER;
        if (value != JsonToken.VALUE_NUMBER_INT || parser.getNumberType() == NumberType.BIG_INTEGER) {
            throw wrongType(name, wanted);
        }
        long number = parser.getLongValue();
        if (number < min || number > MAX_INTEGER) {
            throw wrongType(name, wanted);
        }
        return number;
    }

    private static @Nullable Boolean bool(String name, JsonToken value) {
        return switch (value) {
            case VALUE_NULL -> null;
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            default -> throw wrongType(name, "true or false");
        };
    }

    /** Jackson would guess UTF-16 and UTF-32 from the first bytes and let some malformed UTF-8 pass. */
    private static String decode(byte[] body) {
        return isAscii(body) ? new String(body, StandardCharsets.ISO_8859_1) : decodeUtf8(body);
    }

    private static boolean isAscii(byte[] body) {
        for (byte b : body) {
            if (b < 0) {
                return false;
            }
        }
        return true;
    }

    private static String decodeUtf8(byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            throw malformed("it is not UTF-8");
        }
    }

    private static RuntimeException wrongType(String field, String wanted) {
        return Problem.invalid(field, field + " is not " + wanted, "Give " + wanted + ", without quotes around numbers")
                .exception();
    }

    private static RuntimeException malformed(String why) {
        return Problem.invalid(
                        "body",
                        "The body is not a JSON object: " + why,
                        "Send one object in UTF-8, each field once, nested at most " + MAX_DEPTH
                                + " deep, for example {\"filename\":\"a/b.png\",\"contentType\":\"image/png\","
                                + "\"supabaseBucket\":\"avatars\"}")
                .exception();
    }
}
