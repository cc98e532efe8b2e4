package dev.sluice.signedurl;

import dev.sluice.intent.ObjectPath;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.Problem;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import reactor.core.publisher.Mono;
import software.amazon.awssdk.http.SdkHttpMethod;

/**
 * Presigns requests to storage's S3 endpoint: no network. An upload is bound to its declared size and type, since both are
 * signed; storage answers 403 {@code SignatureDoesNotMatch} to any other. An S3 upload replaces what is there: {@code upsert}
 * plays no part. Row-level security is not consulted.
 */
final class S3Signer implements Signer {

    /** The most that one S3 PUT can carry, 5 GiB. */
    static final long MAX_BYTES = 5L * 1024 * 1024 * 1024;

    private final S3Presigner presigner;
    private final String endpoint;

    /** @param endpoint as clients reach it, without a slash at the end */
    S3Signer(S3Presigner presigner, String endpoint) {
        this.presigner = presigner;
        this.endpoint = endpoint;
    }

    @Override
    public void check(Access access, UploadIntent intent, String prefix) {
        Long size = intent.contentLength();
        if (access == Access.UPLOAD && (size == null || size > MAX_BYTES)) {
            String field = prefix + "fileSize";
            throw Problem.invalid(
                            field,
                            field + (size == null ? " is missing" : " is more than one upload can carry"),
                            "Give the upload's exact size in bytes, at most " + MAX_BYTES)
                    .exception();
        }
    }

    @Override
    public Mono<SignedUrl> sign(Order order) {
        return Mono.fromCallable(() -> switch (order.access()) {
            case UPLOAD -> upload(order);
            case DOWNLOAD -> download(order);
        });
    }

    private SignedUrl upload(Order order) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("content-type", Objects.requireNonNull(order.contentType(), "contentType"));
        headers.put("content-length", String.valueOf(Objects.requireNonNull(order.contentLength(), "contentLength")));
        return new SignedUrl(url(SdkHttpMethod.PUT, order, headers), null, headers, order.expiresIn());
    }

    private SignedUrl download(Order order) {
        return new SignedUrl(url(SdkHttpMethod.GET, order, Map.of()), null, Map.of(), order.expiresIn());
    }

    private String url(SdkHttpMethod method, Order order, Map<String, String> headers) {
        ObjectPath object = order.object();
        return presigner
                .presign(method, endpoint, object.encoded(), headers, order.expiresIn())
                .toString();
    }
}
