package dev.sluice.intent;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import reactor.core.publisher.Mono;
import reactor.netty.channel.AbortedException;

/** Reads what is asked from a JSON body, of which it never holds more than the limit. */
final class BodyIntent {

    static final int MAX_BODY_BYTES = 16 * 1024;
    static final int MAX_BATCH_BYTES = 256 * 1024;
    static final int MAX_ITEMS = 100;

    private final Duration timeout;

    /** @param timeout for the whole body to arrive, so that a trickle of bytes does not hold a connection */
    BodyIntent(Duration timeout) {
        this.timeout = timeout;
    }

    /** @param place brings a checked filename below the caller's prefix */
    Mono<UploadIntent> read(ServerHttpRequest request, UnaryOperator<String> place) {
        return body(request, MAX_BODY_BYTES).map(body -> intent(IntentJson.parse(body), "", place));
    }

    /** @param place as of {@link #read} */
    Mono<UploadBatch> readBatch(ServerHttpRequest request, UnaryOperator<String> place) {
        return body(request, MAX_BATCH_BYTES).map(body -> batch(IntentJson.parseBatch(body, MAX_ITEMS), place));
    }

    /** The bytes of a JSON body, none for an empty one. */
    Mono<byte[]> body(ServerHttpRequest request, int maxBytes) {
        requireJson(request.getHeaders());
        if (request.getHeaders().getContentLength() > maxBytes) {
            throw tooLarge(maxBytes);
        }
        return WholeBody.of(request.getBody(), maxBytes, timeout).onErrorMap(error -> failure(error, maxBytes));
    }

    private Throwable failure(Throwable error, int maxBytes) {
        if (error instanceof DataBufferLimitException) {
            return tooLarge(maxBytes);
        }
        if (error instanceof TimeoutException) {
            return tooSlow();
        }
        return error instanceof AbortedException || error instanceof IOException ? incomplete() : error;
    }

    private static UploadBatch batch(IntentJson.Batch batch, UnaryOperator<String> place) {
        List<UploadBatch.Item> items = new ArrayList<>(batch.items().size());
        ProblemException first = null;
        for (int i = 0; i < batch.items().size(); i++) {
            IntentJson.Fields fields = batch.items().get(i);
            String prefix = "items[" + i + "].";
            required(prefix + "filename", fields.filename());
            required(prefix + "supabaseBucket", fields.supabaseBucket());
            required(prefix + "contentType", fields.contentType());
            try {
                items.add(new UploadBatch.Item.Asked(intent(fields, prefix, place)));
            } catch (ProblemException refused) {
                first = first == null ? refused : first;
                items.add(new UploadBatch.Item.Refused(refused.problem()));
            }
        }
        UploadBatch read = new UploadBatch(items, batch.partial());
        if (first != null && (!batch.partial() || read.asked().isEmpty())) {
            throw first;
        }
        if (read.asked().stream().mapToLong(UploadIntent::declaredBytes).sum() > IntentJson.MAX_INTEGER) {
            throw Problem.invalid("items", "The sizes add up to more than can be counted", "Send fewer items at once")
                    .exception();
        }
        return read;
    }

    /** @param prefix put before a field's name where it is wrong */
    private static UploadIntent intent(IntentJson.Fields fields, String prefix, UnaryOperator<String> place) {
        String filename = required(prefix + "filename", fields.filename());
        String bucket = required(prefix + "supabaseBucket", fields.supabaseBucket());
        check(prefix + "supabaseBucket", KeyRules.bucket(bucket));
        check(prefix + "filename", KeyRules.path(filename));
        String path = place.apply(filename);
        if (!path.equals(filename)) {
            check(prefix + "filename", KeyRules.path(path));
        }
        String contentType = fields.contentType();
        if (contentType != null) {
            check(prefix + "contentType", MediaTypeSyntax.check(contentType));
        }
        Long expiresIn = fields.expiresIn();
        return new UploadIntent(
                new ObjectPath(bucket, path),
                contentType,
                fields.fileSize(),
                Boolean.TRUE.equals(fields.upsert()),
                expiresIn == null ? null : Duration.ofSeconds(expiresIn));
    }

    private static String required(String field, @Nullable String value) {
        if (value == null) {
            throw Problem.invalid(field, field + " is missing", "Give " + field + " as a string")
                    .exception();
        }
        return value;
    }

    private static void check(String field, @Nullable Violation violation) {
        if (violation != null) {
            throw Problem.invalid(field, field + " " + violation.detail(), violation.hint())
                    .exception();
        }
    }

    private static void requireJson(HttpHeaders headers) {
        if (!isJson(headers)) {
            throw Problem.of(ProblemCode.UNSUPPORTED_MEDIA_TYPE)
                    .detail("The body must be declared as JSON in UTF-8, without a content coding")
                    .with("hint", "Send the header Content-Type: application/json")
                    .exception();
        }
    }

    private static boolean isJson(HttpHeaders headers) {
        String coding = headers.getFirst(HttpHeaders.CONTENT_ENCODING);
        if (coding != null && !coding.equalsIgnoreCase("identity")) {
            return false;
        }
        if (MediaType.APPLICATION_JSON_VALUE.equals(headers.getFirst(HttpHeaders.CONTENT_TYPE))) {
            return true;
        }
        try {
            MediaType type = headers.getContentType();
            return type != null
                    && (type.equalsTypeAndSubtype(MediaType.APPLICATION_JSON)
                            || type.getSubtype().toLowerCase(Locale.ROOT).endsWith("+json"))
                    && (type.getCharset() == null || type.getCharset().equals(StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static RuntimeException tooLarge(int maxBytes) {
        return Problem.of(ProblemCode.PAYLOAD_TOO_LARGE)
                .detail("The body is larger than " + maxBytes + " bytes")
                .with("limit", maxBytes)
                .header(HttpHeaders.CONNECTION, "close")
                .exception();
    }

    private RuntimeException tooSlow() {
        return Problem.of(ProblemCode.REQUEST_TIMEOUT)
                .detail("The body did not arrive within " + timeout.toMillis() + " ms")
                .header(HttpHeaders.CONNECTION, "close")
                .exception();
    }

    private static RuntimeException incomplete() {
        return Problem.invalid("body", "The connection ended before the body did", "Send the whole body")
                .exception();
    }
}
