package dev.sluice.problem;

import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * One refusal, immutable.
 *
 * @param code what it is
 * @param status the HTTP status; differs from the code's own only for {@link ProblemCode#SUPABASE_ERROR}
 * @param detail one sentence on what was wrong, fit for the client
 * @param fields further members of the error body, in order; values are strings, numbers or booleans
 * @param headers response headers that belong to the refusal, such as {@code Retry-After}
 */
public record Problem(
        ProblemCode code, int status, String detail, Map<String, Object> fields, Map<String, String> headers) {

    private static final Duration SUPABASE_RETRY = Duration.ofSeconds(2);

    public Problem {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
        headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    }

    /** A problem that says no more than its title. */
    public static Problem of(ProblemCode code) {
        return new Problem(code, code.status(), code.title(), Map.of(), Map.of());
    }

    /** {@link ProblemCode#INVALID_REQUEST}: which field is wrong, why, and how to mend it. */
    public static Problem invalid(String field, String detail, String hint) {
        return of(ProblemCode.INVALID_REQUEST)
                .detail(detail)
                .with("field", field)
                .with("hint", hint);
    }

    /**
     * {@link ProblemCode#SUPABASE_ERROR}, to be tried again in a moment.
     *
     * @param status 502 for a bad answer, 503 for an open circuit or an overload, 504 for none in time
     */
    public static Problem supabase(int status, String detail) {
        return of(ProblemCode.SUPABASE_ERROR).status(status).detail(detail).retryAfter(SUPABASE_RETRY);
    }

    /**
     * {@link ProblemCode#PAYLOAD_TOO_LARGE}, telling the limit in the body and, as {@code Upload-Limit: max-size=<bytes>}
     * (draft-ietf-httpbis-resumable-upload, 5.2), in the header.
     *
     * @param limit the most bytes that would have been accepted
     */
    public static Problem tooLarge(long limit) {
        return of(ProblemCode.PAYLOAD_TOO_LARGE)
                .detail("The body may have at most " + limit + " bytes")
                .with("limit", limit)
                .header("Upload-Limit", "max-size=" + limit);
    }

    public Problem status(int newStatus) {
        return new Problem(code, newStatus, detail, fields, headers);
    }

    public Problem detail(String newDetail) {
        return new Problem(code, status, newDetail, fields, headers);
    }

    public Problem with(String field, Object value) {
        Map<String, Object> more = new LinkedHashMap<>(fields);
        more.put(field, value);
        return new Problem(code, status, detail, more, headers);
    }

    public Problem header(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Problem(code, status, detail, fields, more);
    }

    /** Adds {@code Retry-After} in whole seconds, rounded up and at least 1 (RFC 9110, 10.2.3). */
    public Problem retryAfter(Duration wait) {
        long seconds = Math.max(1, (wait.toMillis() + 999) / 1000);
        return header("Retry-After", Long.toString(seconds));
    }

    /** This problem as the error signal that refuses the request. */
    public ProblemException exception() {
        return new ProblemException(this);
    }
}
