package dev.sluice.problem;

/** What a client can be refused for: the stable code, its usual HTTP status and its title. */
public enum ProblemCode {
    INVALID_REQUEST(400, "Invalid request"),
    UNAUTHENTICATED(401, "Authentication required"),
    QUOTA_EXCEEDED(403, "Quota exceeded"),
    BUCKET_ACCESS_DENIED(403, "Bucket access denied"),
    NOT_FOUND(404, "Not found"),
    BUCKET_NOT_FOUND(404, "Bucket not found"),
    OBJECT_NOT_FOUND(404, "Object not found"),
    REQUEST_TIMEOUT(408, "Request timeout"),
    OBJECT_EXISTS(409, "Object exists already"),
    LENGTH_REQUIRED(411, "Content-Length required"),
    PAYLOAD_TOO_LARGE(413, "Payload too large"),
    URI_TOO_LONG(414, "URI too long"),
    UNSUPPORTED_MEDIA_TYPE(415, "Unsupported media type"),
    IDEMPOTENCY_CONFLICT(422, "Idempotency key was used for another request"),
    RATE_LIMIT_MEMORY(429, "Rate limit exceeded"),
    RATE_LIMIT_REDIS(429, "Rate limit exceeded"),
    TOO_MANY_IN_FLIGHT(429, "Too many uploads in flight"),
    HEADERS_TOO_LARGE(431, "Request headers too large"),
    INTERNAL_ERROR(500, "Internal error"),
    SUPABASE_ERROR(502, "Supabase error"),
    ACCESS_CHECK_UNAVAILABLE(503, "Access check unavailable"),
    IDENTITY_UNAVAILABLE(503, "Identity check unavailable");

    private final int status;
    private final String title;

    ProblemCode(int status, String title) {
        this.status = status;
        this.title = title;
    }

    /** The HTTP status unless the problem sets another one. */
    public int status() {
        return status;
    }

    /** A short sentence that is the same for every occurrence. */
    public String title() {
        return title;
    }
}
