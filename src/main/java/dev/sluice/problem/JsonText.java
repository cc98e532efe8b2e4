package dev.sluice.problem;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import tools.jackson.core.io.JsonStringEncoder;

/**
 * Writes a JSON object in UTF-8, member by member. A mapper, which finds out anew what each value of a map is, takes several
 * times as long for the few members that an answer has.
 */
public final class JsonText {

    private static final int USUAL_LENGTH = 256;

    private byte[] text;
    private int length;

    public JsonText() {
        this(USUAL_LENGTH);
    }

    /** @param expectedLength of the whole, in bytes; it may become longer */
    public JsonText(int expectedLength) {
        text = new byte[expectedLength];
        append('{');
    }

    public JsonText member(String name, String value) {
        name(name);
        string(value);
        return this;
    }

    public JsonText member(String name, boolean value) {
        return json(name, Boolean.toString(value));
    }

    public JsonText member(String name, long value) {
        return json(name, Long.toString(value));
    }

    /** An object whose values are text. */
    public JsonText member(String name, Map<String, String> value) {
        JsonText inner = new JsonText();
        value.forEach(inner::member);
        return json(name, inner.toString());
    }

    /** A string, a number or a boolean. */
    public JsonText value(String name, Object value) {
        return value instanceof Number || value instanceof Boolean
                ? json(name, value.toString())
                : member(name, value.toString());
    }

    /** A value that is JSON already. */
    public JsonText json(String name, String value) {
        name(name);
        append(value, false);
        return this;
    }

    /** The whole object; nothing may be added to it any more. */
    @Override
    public String toString() {
        append('}');
        return new String(text, 0, length, StandardCharsets.UTF_8);
    }

    /** As {@link #bytes}, without a copy. */
    public ByteBuffer buffer() {
        append('}');
        return ByteBuffer.wrap(text, 0, length);
    }

    /** The whole object in UTF-8; nothing may be added to it any more. */
    public byte[] bytes() {
        append('}');
        return length == text.length ? text : Arrays.copyOf(text, length);
    }

    private void name(String name) {
        if (length > 1) {
            append(',');
        }
        string(name);
        append(':');
    }

    private void string(String value) {
        append('"');
        append(value, true);
        append('"');
    }

    private void append(char ascii) {
        makeRoom(1);
        text[length++] = (byte) ascii;
    }

    /** @param quoted whether it is the inside of a string (RFC 8259, 7) */
    private void append(String value, boolean quoted) {
        makeRoom(value.length());
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c >= 0x80 || quoted && (c < ' ' || c == '"' || c == '\\')) {
                String rest = value.substring(i);
                append(
                        quoted
                                ? JsonStringEncoder.getInstance().quoteAsUTF8(rest)
                                : rest.getBytes(StandardCharsets.UTF_8));
                return;
            }
            text[length++] = (byte) c;
        }
    }

    private void append(byte[] bytes) {
        makeRoom(bytes.length);
        System.arraycopy(bytes, 0, text, length, bytes.length);
        length += bytes.length;
    }

    private void makeRoom(int more) {
        if (more > text.length - length) {
            text = Arrays.copyOf(text, Math.max(2 * text.length, length + more));
        }
    }
}
