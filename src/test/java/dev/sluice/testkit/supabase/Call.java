package dev.sluice.testkit.supabase;

import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One request as it came over the wire.
 *
 * @param rawPath the path exactly as sent: nothing decoded, merged or normalised
 * @param query decoded parameters; the first of equal names
 */
record Call(String method, String rawPath, Map<String, String> query, HttpHeaders headers, InputStream body) {

    private static final int MAX_JSON_BYTES = 4 * 1024 * 1024;

    static Call of(String method, String rawUri, HttpHeaders headers, InputStream body) {
        String uri = rawUri.startsWith("http://") ? rawUri.substring(rawUri.indexOf('/', "http://".length())) : rawUri;
        int question = uri.indexOf('?');
        String path = question < 0 ? uri : uri.substring(0, question);
        Map<String, String> query = new LinkedHashMap<>();
        if (question >= 0) {
            for (String pair : uri.substring(question + 1).split("&", -1)) {
                int equals = pair.indexOf('=');
                String name = equals < 0 ? pair : pair.substring(0, equals);
                if (!name.isEmpty()) {
                    query.putIfAbsent(decodeQuery(name), equals < 0 ? "" : decodeQuery(pair.substring(equals + 1)));
                }
            }
        }
        return new Call(method, path, query, headers, body);
    }

    @Nullable String header(CharSequence name) {
        return headers.get(name);
    }

    /** The declared length in bytes, or -1 for a chunked body or none. */
    long contentLength() {
        String length = header(HttpHeaderNames.CONTENT_LENGTH);
        return length == null ? -1 : Long.parseLong(length.trim());
    }

    /** The whole body, for the small documents of the API; fails past 4 MiB. */
    byte[] bytes() throws IOException {
        byte[] bytes = body.readNBytes(MAX_JSON_BYTES + 1);
        if (bytes.length > MAX_JSON_BYTES) {
            throw new IOException("a document of more than " + MAX_JSON_BYTES + " bytes");
        }
        return bytes;
    }

    Call withBody(InputStream value) {
        return new Call(method, rawPath, query, headers, value);
    }

    Call withHeader(CharSequence name, String value) {
        HttpHeaders changed = headers.copy().set(name, value);
        return new Call(method, rawPath, query, changed, body);
    }

    /** Percent-decodes a part of a path; {@code +} stays itself. Fails on a broken escape. */
    static String decodePath(String raw) {
        return URLDecoder.decode(raw.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** As {@link #decodePath}, but a part with a broken escape is taken as it stands. */
    static String decodeLeniently(String raw) {
        try {
            return decodePath(raw);
        } catch (IllegalArgumentException brokenEscape) {
            return raw;
        }
    }

    private static String decodeQuery(String raw) {
        try {
            return URLDecoder.decode(raw, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException brokenEscape) {
            return raw;
        }
    }
}
