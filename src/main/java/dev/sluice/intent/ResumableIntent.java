package dev.sluice.intent;

import dev.sluice.intent.Resumable.Step;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.reactive.ServerHttpRequest;

/**
 * Reads what a request of a resumable upload asks for, from its headers and path; never touches the body. It begins an
 * upload with {@code Upload-Length} and {@code Upload-Metadata} (tus 1.0.0, creation), and goes on with one at the address
 * that storage-api made of {@code bucket/path/version} in Base64.
 */
final class ResumableIntent {

    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,15}");
    private static final String LENGTH_HEADER = "Upload-Length";
    private static final String METADATA_HEADER = "Upload-Metadata";

    private ResumableIntent() {}

    static Step step(ServerHttpRequest request) {
        HttpMethod method = request.getMethod();
        if (HttpMethod.POST.equals(method)) {
            return Step.CREATE;
        }
        if (HttpMethod.PATCH.equals(method)) {
            return Step.APPEND;
        }
        return HttpMethod.DELETE.equals(method) ? Step.TERMINATE : Step.STATE;
    }

    static UploadIntent read(ServerHttpRequest request, Step step) {
        HttpHeaders headers = request.getHeaders();
        if (headers.containsHeader("X-HTTP-Method-Override")) {
            throw invalid("X-HTTP-Method-Override", "is not supported", "Send the method itself");
        }
        long body = headers.getContentLength();
        if (headers.containsHeader(HttpHeaders.TRANSFER_ENCODING) || (step == Step.APPEND && body < 0)) {
            throw lengthRequired("A part of an upload must say its size", "Send Content-Length, not a chunked body");
        }
        return step == Step.CREATE
                ? creation(headers, body)
                : existing(request.getURI().getRawPath(), step, body);
    }

    private static UploadIntent creation(HttpHeaders headers, long body) {
        String length = one(headers, LENGTH_HEADER);
        if (length == null || headers.containsHeader("Upload-Defer-Length")) {
            throw lengthRequired("An upload must say its whole size when it begins", "Send Upload-Length");
        }
        if (!LENGTH.matcher(length).matches()) {
            throw invalid(LENGTH_HEADER, "is not a number of bytes", "Send the upload's size in bytes");
        }
        long bytes = Long.parseLong(length);
        if (body > bytes) {
            throw Problem.of(ProblemCode.PAYLOAD_TOO_LARGE)
                    .detail("The body has more bytes than Upload-Length says")
                    .with("limit", bytes)
                    .header(HttpHeaders.CONNECTION, "close")
                    .exception();
        }
        Map<String, String> metadata = metadata(one(headers, METADATA_HEADER));
        ObjectPath object = object(metadata.get("bucketName"), metadata.get("objectName"));
        String type = metadata.get("contentType");
        if (type != null && !type.isEmpty()) {
            Violation violation = MediaTypeSyntax.check(type);
            if (violation != null) {
                throw invalid("contentType", violation.detail(), violation.hint());
            }
        }
        return new UploadIntent(object, type, bytes, "true".equals(headers.getFirst("x-upsert")), null);
    }

    /** Of an upload's address only one spelling is accepted, so that one upload has one. */
    private static UploadIntent existing(String rawPath, Step step, long body) {
        String id = rawPath.substring(rawPath.lastIndexOf('/') + 1);
        String named = text(id, Base64.getUrlDecoder());
        boolean canonical = named != null
                && Base64.getUrlEncoder()
                        .withoutPadding()
                        .encodeToString(named.getBytes(StandardCharsets.UTF_8))
                        .equals(id);
        int first = named == null ? -1 : named.indexOf('/');
        int last = named == null ? -1 : named.lastIndexOf('/');
        if (named == null || !canonical || first <= 0 || last <= first) {
            throw invalid("path", "is not the address of an upload", "Use the Location that the upload began with");
        }
        ObjectPath object = object(named.substring(0, first), named.substring(first + 1, last));
        return new UploadIntent(object, null, step == Step.APPEND ? body : 0, true, null);
    }

    private static ObjectPath object(@Nullable String bucket, @Nullable String path) {
        Violation violation = KeyRules.bucket(bucket == null ? "" : bucket);
        if (violation != null) {
            throw invalid("bucketName", violation.detail(), violation.hint());
        }
        violation = KeyRules.path(path == null ? "" : path);
        if (violation != null) {
            throw invalid("objectName", violation.detail(), violation.hint());
        }
        return new ObjectPath(String.valueOf(bucket), String.valueOf(path));
    }

    /** Names once each and strict Base64, since servers differ in what they make of anything else. */
    private static Map<String, String> metadata(@Nullable String header) {
        Map<String, String> metadata = new HashMap<>();
        for (String pair : header == null ? new String[0] : header.split(",", -1)) {
            String[] parts = pair.strip().split(" ", -1);
            String value = parts.length < 2 ? "" : text(parts[1], Base64.getDecoder());
            if (parts.length > 2 || parts[0].isEmpty() || value == null || metadata.put(parts[0], value) != null) {
                throw invalid(
                        METADATA_HEADER,
                        "is malformed",
                        "Send names, each once, with a space and their value in Base64, separated by commas");
            }
        }
        return metadata;
    }

    /** Null for what is not strict Base64 of UTF-8. */
    private static @Nullable String text(String encoded, Base64.Decoder decoder) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(decoder.decode(encoded)))
                    .toString();
        } catch (IllegalArgumentException | CharacterCodingException e) {
            return null;
        }
    }

    private static @Nullable String one(HttpHeaders headers, String name) {
        List<String> values = headers.getOrEmpty(name);
        if (values.size() > 1) {
            throw invalid(name, "stands more than once", "Send it once");
        }
        return values.isEmpty() ? null : values.get(0);
    }

    private static RuntimeException lengthRequired(String detail, String hint) {
        return Problem.of(ProblemCode.LENGTH_REQUIRED)
                .detail(detail)
                .with("hint", hint)
                .header(HttpHeaders.CONNECTION, "close")
                .exception();
    }

    private static RuntimeException invalid(String field, String detail, String hint) {
        return Problem.invalid(field, field + " " + detail, hint).exception();
    }
}
