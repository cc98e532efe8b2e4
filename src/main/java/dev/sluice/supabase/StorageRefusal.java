package dev.sluice.supabase;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.web.reactive.function.client.ClientResponse;
import reactor.core.publisher.Mono;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * An answer of storage-api that is not a success. Its HTTP status is 400 for nearly all of them; the real one is
 * {@code statusCode} in the body, a string. {@code code} came in July 2026, so older servers are told apart by
 * {@code error} and {@code message} (recorded behaviour; supabase/storage#323).
 *
 * @param status the real status
 * @param error the label, empty if there was none
 * @param code the error code, empty if there was none
 * @param message the text, empty if there was none
 */
public record StorageRefusal(int status, String error, String code, String message) {

    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int DATABASE_TIMEOUT = 544;
    private static final Set<String> TOKEN_ERRORS = Set.of("InvalidJWT", "InvalidSignature");
    private static final String MISSING_REFERENCE = "The related resource does not exist";

    /** Consumes the answer; never fails, because a body that is not storage's is an answer from something before it. */
    static Mono<StorageRefusal> read(ClientResponse answer) {
        int http = answer.statusCode().value();
        return answer.bodyToMono(Body.class)
                .onErrorReturn(Body.NONE)
                .defaultIfEmpty(Body.NONE)
                .map(body -> of(http, body));
    }

    /**
     * The refusal in an answer that was read elsewhere.
     *
     * @param http the answer's status
     * @param body its body, which may be anything
     */
    public static StorageRefusal of(int http, byte[] body) {
        try {
            Body read = JSON.readValue(body, Body.class);
            return of(http, read == null ? Body.NONE : read);
        } catch (JacksonException e) {
            return of(http, Body.NONE);
        }
    }

    private static StorageRefusal of(int http, Body body) {
        return new StorageRefusal(
                status(http, body.statusCode()), orEmpty(body.error()), orEmpty(body.code()), orEmpty(body.message()));
    }

    /** Whether it says that storage does not work, rather than what it decided; these count against the circuit. */
    boolean isFailure() {
        return status >= 500 || status == 429 || status < 400;
    }

    /** Whether a signed token was refused as such. */
    boolean isTokenRefused() {
        return TOKEN_ERRORS.contains(code) || TOKEN_ERRORS.contains(error);
    }

    /** Whether the bucket or the object is missing, or not visible to who asked. */
    boolean isNotFound() {
        return isBucketMissing() || isObjectMissing();
    }

    /** @param asCaller whether the call was made with the caller's own token rather than with our key */
    public Problem problem(boolean asCaller) {
        if (status == 429 || status == DATABASE_TIMEOUT) {
            return Problem.supabase(503, "Storage is overloaded");
        }
        return switch (status) {
            case 400 ->
                code.equals("InvalidKey") || error.equals("InvalidKey")
                        ? Problem.invalid("filename", "Storage does not accept this filename", "Use another filename")
                        : unexpected();
            case 401, 403 -> forbidden(asCaller);
            case 404 ->
                isBucketMissing()
                        ? Problem.of(ProblemCode.BUCKET_NOT_FOUND)
                        : isObjectMissing() ? Problem.of(ProblemCode.OBJECT_NOT_FOUND) : unexpected();
            case 409 -> Problem.of(ProblemCode.OBJECT_EXISTS);
            case 413 -> Problem.of(ProblemCode.PAYLOAD_TOO_LARGE);
            case 415 -> Problem.of(ProblemCode.UNSUPPORTED_MEDIA_TYPE);
            default -> unexpected();
        };
    }

    /** 502: an answer that a working, rightly configured storage would not give. */
    Problem unexpected() {
        return Problem.supabase(502, "Storage gave an unexpected answer");
    }

    /** Row-level security and a refused bearer differ in the message only. */
    private Problem forbidden(boolean asCaller) {
        if (message.toLowerCase(Locale.ROOT).contains("row-level security")) {
            return Problem.of(ProblemCode.BUCKET_ACCESS_DENIED);
        }
        if (!asCaller) {
            return unexpected();
        }
        return Problem.of(ProblemCode.UNAUTHENTICATED)
                .detail("Storage did not accept the access token")
                .header("WWW-Authenticate", "Bearer error=\"invalid_token\"");
    }

    private boolean isBucketMissing() {
        return status == 404
                && (code.equals("NoSuchBucket")
                        || error.equals("Bucket not found")
                        || message.equals("Bucket not found")
                        || message.equals(MISSING_REFERENCE));
    }

    private boolean isObjectMissing() {
        return status == 404 && (code.equals("NoSuchKey") || error.equals("not_found"));
    }

    private static int status(int http, @Nullable String statusCode) {
        if (http != 400 || statusCode == null) {
            return http;
        }
        try {
            return Integer.parseInt(statusCode);
        } catch (NumberFormatException e) {
            return http;
        }
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }

    @JsonIgnoreProperties(ignoreUnknown = true)
    private record Body(
            @Nullable String statusCode,
            @Nullable String error,
            @Nullable String code,
            @Nullable String message) {

        static final Body NONE = new Body(null, null, null, null);
    }
}
