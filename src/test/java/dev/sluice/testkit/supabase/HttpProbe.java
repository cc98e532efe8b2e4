package dev.sluice.testkit.supabase;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A plain HTTP client for the tests of the stand-in: sends what it is told, follows nothing. */
final class HttpProbe {

    /** An answer. */
    record Answer(int status, String body, java.net.http.HttpHeaders headers) {

        Map<String, Object> json() {
            Map<String, Object> json = Json.readObject(body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
            if (json == null) {
                throw new AssertionError("not a JSON object: " + body);
            }
            return json;
        }

        /** The first of that name, empty where there is none. */
        String header(String name) {
            return headers.firstValue(name).orElse("");
        }

        @Override
        public String toString() {
            return status + " " + body;
        }
    }

    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(5))
            .build();
    private final String base;

    HttpProbe(String base) {
        this.base = base;
    }

    /** Sends the path as it is written; {@code headers} are alternating names and values. */
    Answer send(String method, String path, @Nullable String body, String... headers) {
        return stream(method, path, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body), headers);
    }

    /** As {@link #send} with any body; one of unknown length goes chunked. */
    Answer stream(String method, String path, BodyPublisher body, String... headers) {
        try {
            return exchange(method, path, body, headers);
        } catch (IOException e) {
            throw new AssertionError(method + " " + path + " got no answer", e);
        }
    }

    /** As {@link #stream}, but lets the connection's failure through. */
    Answer exchange(String method, String path, BodyPublisher body, String... headers) throws IOException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                .timeout(Duration.ofSeconds(30))
                .method(method, body);
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<String> response = client.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body(), response.headers());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }
}
