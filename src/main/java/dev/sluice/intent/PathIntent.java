package dev.sluice.intent;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.net.URI;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;

/**
 * Reads what is asked from the request's raw path and headers; never touches the body. Works on the path as the client
 * sent it: URI template variables are decoded and have lost what follows a semicolon.
 */
final class PathIntent {

    private static final Set<HttpMethod> WITH_BODY = Set.of(HttpMethod.PUT, HttpMethod.POST, HttpMethod.PATCH);
    private static final String VARIABLE = "{bucket";

    private PathIntent() {}

    /**
     * @param pattern the pattern of the route's {@code Path} predicate that matched; its variable {@code {bucket}} says
     *     where the object begins
     * @param sent the URI as the client sent it
     */
    static UploadIntent read(ServerHttpRequest request, String pattern, URI sent) {
        ObjectPath object = object(pattern, sent);
        HttpHeaders headers = request.getHeaders();
        long length = headers.getContentLength();
        if (length < 0 && WITH_BODY.contains(request.getMethod())) {
            throw Problem.of(ProblemCode.LENGTH_REQUIRED)
                    .detail("An upload must say its size")
                    .with("hint", "Send Content-Length, not a chunked body")
                    .header(HttpHeaders.CONNECTION, "close")
                    .exception();
        }
        if (length > IntentJson.MAX_INTEGER) {
            throw Problem.tooLarge(IntentJson.MAX_INTEGER).exception();
        }
        String contentType = headers.getFirst(HttpHeaders.CONTENT_TYPE);
        if (contentType != null) {
            check(HttpHeaders.CONTENT_TYPE, MediaTypeSyntax.check(contentType));
        }
        boolean upsert = HttpMethod.PUT.equals(request.getMethod()) || "true".equals(headers.getFirst("x-upsert"));
        return new UploadIntent(object, contentType, length < 0 ? null : length, upsert, null);
    }

    /** As {@link #read}, of the path alone: what the request declares of its body is not the object's. */
    static UploadIntent readObject(ServerHttpRequest request, String pattern, URI sent) {
        return new UploadIntent(
                object(pattern, sent),
                null,
                null,
                "true".equals(request.getHeaders().getFirst("x-upsert")),
                null);
    }

    /** Whether the request has a body that does not say its length. */
    static boolean hasUnknownLength(ServerHttpRequest request) {
        return request.getHeaders().containsHeader(HttpHeaders.TRANSFER_ENCODING)
                && request.getHeaders().getContentLength() < 0
                && WITH_BODY.contains(request.getMethod());
    }

    /** @throws dev.sluice.problem.ProblemException if the path names no object */
    static ObjectPath object(String pattern, URI sent) {
        String rest = afterSegments(sent.getRawPath(), segmentsBeforeBucket(pattern));
        if (sent.getRawFragment() != null) {
            throw invalid("path", new Violation("has a fragment", "Leave out the # and what follows it"));
        }
        int slash = rest.indexOf('/');
        String bucket = decode("bucket", slash < 0 ? rest : rest.substring(0, slash));
        check("bucket", KeyRules.bucket(bucket));
        String path = slash < 0 ? "" : decodeAll(rest.substring(slash + 1));
        check("path", KeyRules.path(path));
        return new ObjectPath(bucket, path);
    }

    private static String decodeAll(String rawPath) {
        if (rawPath.indexOf('%') < 0) {
            return rawPath;
        }
        StringJoiner path = new StringJoiner("/");
        for (String segment : rawPath.split("/", -1)) {
            path.add(decode("path", segment));
        }
        return path.toString();
    }

    private static int segmentsBeforeBucket(String pattern) {
        int bucket = pattern.indexOf(VARIABLE);
        if (bucket < 0 || pattern.lastIndexOf("**", bucket) >= 0) {
            throw new IllegalStateException("UploadIntent=path needs a Path predicate such as /v1/upload/{bucket}/**,"
                    + " but this route's is " + pattern);
        }
        int slashes = 0;
        for (int i = 0; i < bucket; i++) {
            slashes += pattern.charAt(i) == '/' ? 1 : 0;
        }
        return slashes;
    }

    /** What follows the n-th slash. */
    private static String afterSegments(String rawPath, int slashes) {
        int at = -1;
        for (int i = 0; i < slashes; i++) {
            at = rawPath.indexOf('/', at + 1);
            if (at < 0) {
                return "";
            }
        }
        return rawPath.substring(at + 1);
    }

    private static String decode(String field, String segment) {
        String decoded = PercentDecoder.decode(segment);
        if (decoded == null) {
            throw invalid(
                    field,
                    new Violation(
                            "has a malformed percent-encoding or an encoded slash",
                            "Percent-encode each name once, as UTF-8, with plain slashes between names"));
        }
        return decoded;
    }

    private static void check(String field, @Nullable Violation violation) {
        if (violation != null) {
            throw invalid(field, violation);
        }
    }

    private static RuntimeException invalid(String field, Violation violation) {
        return Problem.invalid(field, "The " + field + " " + violation.detail(), violation.hint())
                .exception();
    }
}
