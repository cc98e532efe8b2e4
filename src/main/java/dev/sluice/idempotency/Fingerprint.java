package dev.sluice.idempotency;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.intent.Resumable;
import dev.sluice.intent.UploadBatch;
import dev.sluice.intent.UploadIntent;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;

/**
 * What makes two requests the same: method, route, query, and what was asked for in its normalised form. Of a body that is
 * streamed it knows the length and type, and the digest if the client sent one; the bytes themselves are never read for it.
 */
final class Fingerprint {

    /** RFC 9530, and its forerunners. */
    private static final List<String> DIGESTS = List.of("Content-Digest", "Repr-Digest", "Digest", "Content-MD5");

    private final MessageDigest sha256;

    private Fingerprint() {
        try {
            sha256 = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    /** SHA-256 in lower-case hexadecimal. */
    static String of(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        Route route = exchange.getAttribute(GATEWAY_ROUTE_ATTR);
        Fingerprint print = new Fingerprint()
                .add(request.getMethod().name())
                .add(route == null ? null : route.getId())
                .add(request.getURI().getRawQuery());
        DIGESTS.forEach(name -> print.add(request.getHeaders().getFirst(name)));
        if (Resumable.ATTRIBUTE.get(exchange) != null) {
            print.add(request.getHeaders().getFirst("Upload-Metadata"))
                    .add(request.getHeaders().getFirst(HttpHeaders.CONTENT_LENGTH));
        }
        UploadBatch batch = UploadBatch.ATTRIBUTE.get(exchange);
        if (batch == null) {
            print.add(UploadIntent.ATTRIBUTE.require(exchange));
        } else {
            print.add(batch);
        }
        return print.hex();
    }

    /** Of a user's key, as Redis knows it. */
    static String ofKey(String userId, String key) {
        return new Fingerprint().add(userId).add(key).hex();
    }

    private void add(UploadBatch batch) {
        add(Boolean.toString(batch.partial()));
        for (UploadBatch.Item item : batch.items()) {
            if (item instanceof UploadBatch.Item.Asked asked) {
                add(asked.intent());
            } else {
                add(((UploadBatch.Item.Refused) item).problem().toString());
            }
        }
    }

    private void add(UploadIntent intent) {
        add(intent.object().decoded());
        add(intent.contentType());
        add(String.valueOf(intent.contentLength()));
        add(Boolean.toString(intent.upsert()));
        add(String.valueOf(intent.expiresIn()));
    }

    /** Each part with its length, so that no two lists of parts look the same. */
    private Fingerprint add(@Nullable String part) {
        byte[] bytes = part == null ? new byte[0] : part.getBytes(StandardCharsets.UTF_8);
        String length = part == null ? "-;" : bytes.length + ";";
        sha256.update(length.getBytes(StandardCharsets.US_ASCII));
        sha256.update(bytes);
        return this;
    }

    private String hex() {
        return HexFormat.of().formatHex(sha256.digest());
    }
}
