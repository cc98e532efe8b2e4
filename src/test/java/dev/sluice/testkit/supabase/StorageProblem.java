package dev.sluice.testkit.supabase;

import java.sql.SQLException;
import java.sql.SQLTransientConnectionException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A refusal of storage-api: HTTP 400 whatever it is, unless it is the server's own fault, and a body that says more. */
final class StorageProblem extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int httpStatus;
    private final String statusCode;
    private final String error;
    private final String code;

    private StorageProblem(int httpStatus, String statusCode, String error, String code, String message) {
        super(message, null, false, false);
        this.httpStatus = httpStatus;
        this.statusCode = statusCode;
        this.error = error;
        this.code = code;
    }

    /** The answer; servers before July 2026 did not send {@code code}. */
    Reply reply(boolean withCode) {
        Map<String, @Nullable Object> body =
                Json.object("statusCode", statusCode, "error", error, "message", getMessage());
        if (withCode) {
            body.put("code", code);
        }
        return Reply.json(httpStatus, body);
    }

    /** The status as the body tells it. */
    int status() {
        return Integer.parseInt(statusCode);
    }

    String code() {
        return code;
    }

    static StorageProblem invalid(String message) {
        return handled(400, "Error", "InvalidRequest", message);
    }

    static StorageProblem fastify(String message) {
        return handled(400, "FastifyError", "InvalidRequest", message);
    }

    static StorageProblem accessDenied(String message) {
        return handled(403, "Unauthorized", "AccessDenied", message);
    }

    static StorageProblem noSuchKey() {
        return handled(404, "not_found", "NoSuchKey", "Object not found");
    }

    static StorageProblem noSuchBucket() {
        return handled(404, "Bucket not found", "NoSuchBucket", "Bucket not found");
    }

    static StorageProblem tooLarge() {
        return handled(413, "Payload too large", "EntityTooLarge", "The object exceeded the maximum allowed size");
    }

    static StorageProblem mimeType(String type) {
        return handled(415, "invalid_mime_type", "InvalidMimeType", "mime type " + type + " is not supported");
    }

    static StorageProblem invalidKey(String key) {
        return handled(400, "InvalidKey", "InvalidKey", "Invalid key: " + key);
    }

    static StorageProblem invalidJwt(String message) {
        return handled(400, "InvalidJWT", "InvalidJWT", message);
    }

    static StorageProblem invalidSignature(String message) {
        return handled(400, "InvalidSignature", "InvalidSignature", message);
    }

    static StorageProblem invalidRange() {
        return handled(416, "InvalidRange", "InvalidRange", "invalid range provided");
    }

    /**
     * What storage-api makes of a database error.
     *
     * @param duplicate its code for a key that exists: KeyAlreadyExists or BucketAlreadyExists
     */
    static StorageProblem of(SQLException cause, String duplicate) {
        if (cause instanceof SQLTransientConnectionException) {
            return new StorageProblem(
                    544, "544", "DatabaseTimeout", "DatabaseTimeout", "The connection to the database timed out");
        }
        String state = String.valueOf(cause.getSQLState());
        return switch (state) {
            case "42501" -> accessDenied("new row violates row-level security policy");
            case "23505" -> handled(409, "Duplicate", duplicate, "The resource already exists");
            case "23503" -> handled(404, "InvalidRequest", "InvalidRequest", "The related resource does not exist");
            case "53300" ->
                new StorageProblem(
                        429, "429", "too_many_connections", "SlowDown", "Too many connections issued to the database");
            default ->
                new StorageProblem(500, "500", "DatabaseError", "DatabaseError", "database error, code: " + state);
        };
    }

    private static StorageProblem handled(int statusCode, String error, String code, String message) {
        return new StorageProblem(400, Integer.toString(statusCode), error, code, message);
    }
}
