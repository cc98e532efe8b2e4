package dev.sluice.testkit;

import dev.sluice.testkit.supabase.LocalSupabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Sluice with a Redis, a database and a stand-in for Supabase of its own, and a client of it. */
public final class Stack implements AutoCloseable {

    /** A bucket that exists from the start. */
    public static final String BUCKET = "avatars";

    private static final Pattern SIGNED = Pattern.compile("[?&]token=([A-Za-z0-9_.-]{32,})");
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final HttpClient http = HttpClient.newHttpClient();
    private final Backends backends;
    private final Edge edge;

    private Stack(Backends backends, Edge edge) {
        this.backends = backends;
        this.edge = edge;
    }

    /** Starts everything; {@code settings} are properties of Sluice, as pairs of name and value. */
    public static Stack start(String... settings) {
        return start(Redis.start(), settings);
    }

    /** Starts everything else around a Redis, which this stack closes. */
    public static Stack start(RedisServers redis, String... settings) {
        Backends backends = Backends.start(redis);
        return new Stack(backends, Edge.start(redis, backends.supabase(), settings));
    }

    /** The Redis, where it is one server. */
    public Redis redis() {
        return backends.redis();
    }

    public Database database() {
        return backends.database();
    }

    public LocalSupabase supabase() {
        return backends.supabase();
    }

    public Edge edge() {
        return edge;
    }

    /** Makes a user with a quota and full access to {@link #BUCKET}, and returns an API key of theirs. */
    public String user(String userId, long limit) {
        return backends.user(userId, limit);
    }

    public void grant(String userId, String bucket) {
        backends.grant(userId, bucket);
    }

    /** What the database has counted of a user. */
    public long current(String userId) {
        return backends.current(userId);
    }

    /** A signed-url request for a small PNG at {@code filename}. */
    public Answer sign(String key, String filename) {
        return sign(Map.of("X-API-Key", key), filename, BUCKET);
    }

    public Answer sign(Map<String, String> headers, String filename, String bucket) {
        return post(
                "/v1/supabase/signed-url",
                headers,
                JSON.writeValueAsString(
                        Map.of("filename", filename, "contentType", "image/png", "supabaseBucket", bucket)));
    }

    public Answer post(String path, Map<String, String> headers, String json) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(edge.url() + path))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json));
        headers.forEach(request::setHeader);
        return send(request.build());
    }

    public Answer send(HttpRequest request) {
        try {
            return scanned(new Answer(http.send(request, BodyHandlers.ofString())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** No error may tell a secret of this run, to which a signed URL's token belongs from now on. */
    private static Answer scanned(Answer answer) {
        if (answer.status() >= 400) {
            Secrets.ofThisRun().assertNotIn(answer.response().headers().map() + answer.body());
        }
        Matcher token = SIGNED.matcher(answer.body());
        if (token.find()) {
            Secrets.ofThisRun().rememberToken(token.group(1));
        }
        return answer;
    }

    /** Sluice's health as the management port answers it. */
    public Answer health() {
        return send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.managementPort() + "/actuator/health"))
                .build());
    }

    @Override
    public void close() {
        edge.close();
        backends.close();
    }

    /** An answer and its JSON body. */
    public record Answer(HttpResponse<String> response) {

        public int status() {
            return response.statusCode();
        }

        public String body() {
            return response.body();
        }

        public JsonNode json() {
            return JSON.readTree(response.body());
        }

        /** The refusal's code; empty if there is none. */
        public String code() {
            return json().path("code").asString("");
        }

        public String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }
    }
}
