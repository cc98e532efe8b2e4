package dev.sluice.supabase;

import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.problem.Problem;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.reactive.function.client.ClientResponse;

/** The error table of storage-api as it was recorded, with and without {@code code}. */
class StorageRefusalTests {

    @ParameterizedTest
    @CsvSource({
        "403, Unauthorized, AccessDenied, new row violates row-level security policy, 403, BUCKET_ACCESS_DENIED",
        "403, Unauthorized, , new row violates row-level security policy, 403, BUCKET_ACCESS_DENIED",
        "403, Unauthorized, AccessDenied, \"exp\" claim timestamp check failed, 401, UNAUTHENTICATED",
        "403, Unauthorized, , Invalid Compact JWS, 401, UNAUTHENTICATED",
        "404, not_found, NoSuchKey, Object not found, 404, OBJECT_NOT_FOUND",
        "404, not_found, , Object not found, 404, OBJECT_NOT_FOUND",
        "404, Bucket not found, NoSuchBucket, Bucket not found, 404, BUCKET_NOT_FOUND",
        "404, Bucket not found, , Bucket not found, 404, BUCKET_NOT_FOUND",
        "404, InvalidRequest, InvalidRequest, The related resource does not exist, 404, BUCKET_NOT_FOUND",
        "409, Duplicate, KeyAlreadyExists, The resource already exists, 409, OBJECT_EXISTS",
        "413, Payload too large, EntityTooLarge, The object exceeded the maximum allowed size, 413, PAYLOAD_TOO_LARGE",
        "415, invalid_mime_type, InvalidMimeType, mime type X is not supported, 415, UNSUPPORTED_MEDIA_TYPE",
        "400, InvalidKey, InvalidKey, Invalid key, 400, INVALID_REQUEST",
        "400, Error, InvalidRequest, body/expiresIn must be >= 1, 502, SUPABASE_ERROR"
    })
    void tellsDecisionsApart(
            int status, String error, @Nullable String code, String message, int answered, String problem) {
        StorageRefusal refusal = read(400, body("\"" + status + "\"", error, code, message));

        assertThat(refusal.problem(true))
                .returns(answered, Problem::status)
                .returns(problem, p -> p.code().name());
        assertThat(refusal.isFailure()).isFalse();
    }

    @Test
    void doesNotBlameTheCallerForOurKey() {
        StorageRefusal refusal =
                read(400, body("\"403\"", "Unauthorized", "AccessDenied", "signature verification failed"));
        assertThat(refusal.problem(false).status()).isEqualTo(502);
    }

    @ParameterizedTest
    @CsvSource({"500, 500, 502", "400, 500, 502", "429, 429, 503", "544, 544, 503", "503, , 502", "302, , 502"})
    void countsWhatIsNoDecisionAsAFailure(int http, @Nullable String statusCode, int answered) {
        StorageRefusal refusal = read(
                http, statusCode == null ? "<html>" : body("\"" + statusCode + "\"", "DatabaseError", null, "sorry"));

        assertThat(refusal.isFailure()).isTrue();
        assertThat(refusal.problem(true).status()).isEqualTo(answered);
        assertThat(refusal.problem(true).headers()).containsKey("Retry-After");
    }

    @Test
    void doesNotTakeAMissingRouteForAMissingBucket() {
        StorageRefusal refusal =
                read(404, "{\"message\":\"Route POST:/x not found\",\"error\":\"Not Found\",\"statusCode\":404}");
        assertThat(refusal.isNotFound()).isFalse();
        assertThat(refusal.problem(true).status()).isEqualTo(502);
    }

    @ParameterizedTest
    @CsvSource({"InvalidJWT, true", "InvalidSignature, true", "Error, false"})
    void recognisesARefusedToken(String error, boolean refused) {
        assertThat(read(400, body("\"400\"", error, null, "x")).isTokenRefused())
                .isEqualTo(refused);
    }

    private static StorageRefusal read(int http, String body) {
        StorageRefusal refusal = StorageRefusal.read(ClientResponse.create(HttpStatusCode.valueOf(http))
                        .header("Content-Type", body.startsWith("<") ? "text/html" : "application/json")
                        .body(body)
                        .build())
                .block();
        return java.util.Objects.requireNonNull(refusal);
    }

    private static String body(String statusCode, String error, @Nullable String code, String message) {
        return "{\"statusCode\":" + statusCode + ",\"error\":\"" + error + "\",\"message\":\""
                + message.replace("\"", "\\\"") + "\"" + (code == null ? "" : ",\"code\":\"" + code + "\"") + "}";
    }
}
