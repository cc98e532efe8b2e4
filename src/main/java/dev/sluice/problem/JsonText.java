package dev.sluice.problem;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * Writes the JSON object of an answer member by member. A mapper, which finds out anew what each value of a map is, takes
 * several times as long for the few members that an answer has. Names are written as they are: they are ours, and plain.
 */
public final class JsonText {

    private static final int USUAL_LENGTH = 512;

    private final StringBuilder text = new StringBuilder(USUAL_LENGTH).append('{');

    public JsonText member(String name, String value) {
        name(name).append('"');
        quoted(text, value);
        text.append('"');
        return this;
    }

    public JsonText member(String name, boolean value) {
        name(name).append(value);
        return this;
    }

    public JsonText member(String name, long value) {
        name(name).append(value);
        return this;
    }

    /** An object whose values are text. */
    public JsonText member(String name, Map<String, String> value) {
        name(name).append('{');
        String separator = "\"";
        for (Map.Entry<String, String> member : value.entrySet()) {
            quoted(text.append(separator), member.getKey());
            quoted(text.append("\":\""), member.getValue());
            separator = "\",\"";
        }
        text.append(value.isEmpty() ? "}" : "\"}");
        return this;
    }

    /** A value that is JSON already. */
    public JsonText json(String name, CharSequence value) {
        name(name).append(value);
        return this;
    }

    /** A string, a number or a boolean. */
    public JsonText value(String name, Object value) {
        if (value instanceof Number || value instanceof Boolean) {
            name(name).append(value);
            return this;
        }
        return member(name, value.toString());
    }

    /** The whole object. */
    @Override
    public String toString() {
        return text + "}";
    }

    /** The whole object in UTF-8; nothing may be added to it any more. */
    public byte[] bytes() {
        return text.append('}').toString().getBytes(StandardCharsets.UTF_8);
    }

    private StringBuilder name(String name) {
        if (text.length() > 1) {
            text.append(',');
        }
        return text.append('"').append(name).append("\":");
    }

    /** Appends the inside of a string (RFC 8259, 7). */
    private static void quoted(StringBuilder text, String value) {
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c < ' ' || c == '"' || c == '\\') {
                JsonStringEncoder.getInstance().quoteAsString(value, text);
                return;
            }
        }
        text.append(value);
    }
}
