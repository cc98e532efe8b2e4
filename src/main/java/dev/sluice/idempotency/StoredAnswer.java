package dev.sluice.idempotency;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * A successful answer as it is kept; as secret as what it holds.
 *
 * @param status the HTTP status, 2xx
 * @param headers those that belong to the body, or tell of the upload that began
 * @param body in Base64 where it is kept
 */
@JsonIgnoreProperties(ignoreUnknown = true)
record StoredAnswer(int status, Map<String, String> headers, byte[] body) {

    /** Of a batch with long names; a larger answer is not kept. */
    static final int MAX_BODY_BYTES = 512 * 1024;

    static final String REPLAYED = "Idempotency-Replayed";

    private static final List<String> KEPT = List.of(
            HttpHeaders.CONTENT_TYPE,
            HttpHeaders.CONTENT_ENCODING,
            HttpHeaders.CACHE_CONTROL,
            HttpHeaders.LOCATION,
            HttpHeaders.ETAG,
            "Tus-Resumable",
            "Upload-Offset",
            "Upload-Expires");
    private static final JsonMapper JSON = JsonMapper.shared();

    static StoredAnswer of(HttpStatusCode status, HttpHeaders headers, byte[] body) {
        Map<String, String> kept = new LinkedHashMap<>();
        for (String name : KEPT) {
            String value = headers.getFirst(name);
            if (value != null) {
                kept.put(name, value);
            }
        }
        return new StoredAnswer(status.value(), kept, body);
    }

    static StoredAnswer read(String json) {
        return JSON.readValue(json, StoredAnswer.class);
    }

    String json() {
        return JSON.writeValueAsString(this);
    }

    /** Answers with it; completes when it is written. */
    Mono<Void> writeTo(ServerHttpResponse response) {
        response.setStatusCode(HttpStatusCode.valueOf(status));
        headers.forEach((name, value) -> response.getHeaders().set(name, value));
        response.getHeaders().set(REPLAYED, "true");
        if (status == HttpStatus.NO_CONTENT.value()) {
            return response.setComplete();
        }
        response.getHeaders().setContentLength(body.length);
        return response.writeWith(
                Mono.fromSupplier(() -> response.bufferFactory().wrap(body)));
    }

    @Override
    public String toString() {
        return "StoredAnswer[" + status + "]";
    }
}
