package dev.sluice.testkit.supabase;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One answer: text, or a stretch of a file.
 *
 * @param chunked sent without Content-Length, as PostgREST does
 */
record Reply(
        int status,
        Map<String, String> headers,
        String body,
        @Nullable Slice file,
        boolean chunked) {

    /** {@code length} bytes of a file from {@code offset}. */
    record Slice(Path file, long offset, long length) {}

    static final String JSON = "application/json; charset=utf-8";

    static Reply json(int status, @Nullable Object value) {
        return text(status, JSON, Json.write(value));
    }

    static Reply text(int status, String contentType, String text) {
        return new Reply(status, Map.of("content-type", contentType), text, null, false);
    }

    static Reply empty(int status) {
        return new Reply(status, Map.of(), "", null, false);
    }

    static Reply file(int status, Map<String, String> headers, Slice slice) {
        return new Reply(status, headers, "", slice, false);
    }

    Reply with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Reply(status, more, body, file, chunked);
    }

    Reply asChunked() {
        return new Reply(status, headers, body, file, true);
    }

    byte[] bytes() {
        return body.getBytes(StandardCharsets.UTF_8);
    }

    long length() {
        return file == null ? bytes().length : file.length();
    }
}
