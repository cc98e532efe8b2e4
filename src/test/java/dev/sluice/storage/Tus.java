package dev.sluice.storage;

import static dev.sluice.storage.DropIn.BUCKET;

import dev.sluice.testkit.Stack.Answer;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A plain client of resumable uploads (tus 1.0.0) through {@link DropIn#shared}. */
final class Tus {

    static final String PATH = "/storage/v1/upload/resumable";

    private Tus() {}

    static Answer begin(String token, String name, long length) {
        return beginWith(token, name, length, null);
    }

    static Answer beginWith(String token, String name, long length, @Nullable String body, String... headers) {
        String[] own = {"Upload-Length", Long.toString(length), "Upload-Metadata", metadata(name)};
        return call(
                "POST",
                PATH,
                token,
                body,
                Stream.of(List.of(own), List.of(headers)).flatMap(List::stream).toArray(String[]::new));
    }

    static Answer part(String token, String location, long offset, String bytes) {
        return call(
                "PATCH",
                location,
                token,
                bytes,
                "Upload-Offset",
                Long.toString(offset),
                "Content-Type",
                "application/offset+octet-stream");
    }

    static Answer call(
            String method, String location, @Nullable String token, @Nullable String body, String... headers) {
        String path = location.startsWith("http") ? location.substring(location.indexOf(PATH)) : location;
        return DropIn.shared()
                .call(
                        method,
                        path,
                        token,
                        body,
                        Stream.of(List.of("Tus-Resumable", "1.0.0"), List.of(headers))
                                .flatMap(List::stream)
                                .toArray(String[]::new));
    }

    static String metadata(String name) {
        return "bucketName " + base64(BUCKET) + ",objectName " + base64(name) + ",contentType "
                + base64("application/octet-stream") + ",cacheControl " + base64("3600");
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    static String id(String named) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(named.getBytes(StandardCharsets.UTF_8));
    }
}
