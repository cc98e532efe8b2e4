package dev.sluice.management;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What is to be explained.
 *
 * @param user whose limits
 * @param plan of the user; null for none
 * @param withToken whether the caller brings a Supabase access token; else an API key
 * @param route its id; null if method and path say which
 * @param method null for the first that the route takes
 * @param path of the URL, with its query; null for one that the route takes, made of bucket and filename
 * @param bucket of the object
 * @param filename of the object
 * @param contentType of the object
 * @param fileSize in bytes
 * @param headers further ones
 * @param body the JSON body as the client would send it; null for one made of the above
 */
record ExplainRequest(
        String user,
        @Nullable String plan,
        boolean withToken,
        @Nullable String route,
        @Nullable String method,
        @Nullable String path,
        @Nullable String bucket,
        @Nullable String filename,
        @Nullable String contentType,
        @Nullable Long fileSize,
        Map<String, String> headers,
        @Nullable JsonNode body) {

    private static final String EXAMPLE =
            "For example {\"user\":\"u1\",\"route\":\"upload\",\"bucket\":\"avatars\",\"filename\":\"a.png\",\"fileSize\":1000}";
    private static final Set<String> KNOWN = new LinkedHashSet<>(List.of(
            "user",
            "caller",
            "plan",
            "credential",
            "route",
            "method",
            "path",
            "bucket",
            "filename",
            "contentType",
            "fileSize",
            "headers",
            "body"));
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** @throws ProblemException that says which field is wrong and how to mend it */
    static ExplainRequest read(byte[] json) {
        JsonNode root = parse(json);
        for (String field : root.propertyNames()) {
            if (!KNOWN.contains(field)) {
                throw invalid(field, "There is no field " + Text.harmless(field, 64), "Known are " + KNOWN);
            }
        }
        if (root.has("user") && root.has("caller")) {
            throw invalid("caller", "user and caller are the same: there are both", "Give one of them");
        }
        String userField = root.has("caller") ? "caller" : "user";
        String user = text(root, userField);
        if (user == null) {
            throw invalid("user", "Whose limits is not said", EXAMPLE);
        }
        String route = text(root, "route");
        String path = text(root, "path");
        if (route == null && path == null) {
            throw invalid("route", "Neither a route nor a path is given", EXAMPLE);
        }
        if (path != null && !path.startsWith("/")) {
            throw invalid("path", "The path does not begin with a slash", "Give the path of the URL, not the object's");
        }
        return new ExplainRequest(
                UserIds.checked(userField, user),
                LimitsEndpoint.plan(text(root, "plan")),
                withToken(text(root, "credential")),
                route,
                text(root, "method"),
                path,
                text(root, "bucket"),
                text(root, "filename"),
                text(root, "contentType"),
                number(root, "fileSize"),
                headers(root),
                body(root));
    }

    private static JsonNode parse(byte[] json) {
        try {
            JsonNode root = JSON.readTree(json);
            if (root.isObject()) {
                return root;
            }
        } catch (JacksonException e) {
            throw invalid("body", "The body is no JSON: " + Text.harmless(e.getOriginalMessage(), 200), EXAMPLE);
        }
        throw invalid("body", "The body is no JSON object", EXAMPLE);
    }

    private static @Nullable String text(JsonNode root, String field) {
        JsonNode value = root.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isString() || value.asString().isBlank()) {
            throw invalid(field, field + " is no text", "Give " + field + " as a string, or leave it out");
        }
        return value.asString();
    }

    private static @Nullable Long number(JsonNode root, String field) {
        JsonNode value = root.path(field);
        if (value.isMissingNode() || value.isNull()) {
            return null;
        }
        if (!value.isIntegralNumber() || !value.canConvertToLong() || value.asLong() < 0) {
            throw invalid(field, field + " is no number of bytes", "Give a whole number, 0 or more, or leave it out");
        }
        return value.asLong();
    }

    private static boolean withToken(@Nullable String credential) {
        if (credential == null || credential.equals("api-key")) {
            return false;
        }
        if (credential.equals("access-token")) {
            return true;
        }
        throw invalid(
                "credential", "There is no such credential", "Give api-key, which is the default, or access-token");
    }

    private static Map<String, String> headers(JsonNode root) {
        Map<String, String> headers = new LinkedHashMap<>();
        JsonNode given = root.path("headers");
        if (!given.isMissingNode() && !given.isNull() && !given.isObject()) {
            throw invalid("headers", "headers is no JSON object", "For example {\"x-upsert\":\"true\"}");
        }
        for (Map.Entry<String, JsonNode> header : given.properties()) {
            boolean fine = header.getKey().matches("[A-Za-z0-9-]{1,64}")
                    && header.getValue().isString()
                    && header.getValue().asString().matches("[\\x20-\\x7e]{0,1024}");
            if (!fine) {
                throw invalid("headers", "A header has no usable name or value", "For example {\"x-upsert\":\"true\"}");
            }
            headers.put(header.getKey(), header.getValue().asString());
        }
        return headers;
    }

    private static @Nullable JsonNode body(JsonNode root) {
        JsonNode body = root.path("body");
        return body.isMissingNode() || body.isNull() ? null : body;
    }

    static ProblemException invalid(String field, String detail, String hint) {
        return Problem.invalid(field, detail, hint).exception();
    }
}
