package dev.sluice.signedurl;

import dev.sluice.admission.Admission;
import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadBatch;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.JsonText;
import dev.sluice.problem.Problem;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.StringJoiner;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** The end of a signing route: answers with the signed URL, or those of a batch. */
final class SignedUrlFilter implements GatewayFilter, Ordered {

    /** After the admission at 9000, before the gateway's own routing at 10000. */
    static final int ORDER = 9500;

    /** Of an answer: it has the token twice. */
    private static final int USUAL_LENGTH = 1024;

    private final Access access;
    private final SignedUrls signedUrls;
    private final BatchSigning batches;

    SignedUrlFilter(Access access, SignedUrls signedUrls) {
        this.access = access;
        this.signedUrls = signedUrls;
        this.batches = new BatchSigning(signedUrls);
    }

    /** Refuses what could not be signed. */
    void check(ServerWebExchange exchange) {
        if (access == Access.UPLOAD && signedUrls.reserves()) {
            Admission.of(exchange).reserves();
        }
        UploadBatch batch = UploadBatch.ATTRIBUTE.get(exchange);
        if (batch == null) {
            signedUrls.check(access, UploadIntent.ATTRIBUTE.require(exchange), "");
            return;
        }
        for (int i = 0; i < batch.items().size(); i++) {
            if (batch.items().get(i) instanceof UploadBatch.Item.Asked asked) {
                signedUrls.check(access, asked.intent(), "items[" + i + "].");
            }
        }
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        UploadBatch batch = UploadBatch.ATTRIBUTE.get(exchange);
        return batch == null ? one(exchange) : all(batch, exchange);
    }

    private Mono<Void> one(ServerWebExchange exchange) {
        UploadIntent intent = UploadIntent.ATTRIBUTE.require(exchange);
        RequestContext context = RequestContext.of(exchange);
        return signedUrls
                .sign(access, intent, Caller.ATTRIBUTE.get(exchange), context.timings())
                .flatMap(signed -> settled(signed, exchange, intent))
                .flatMap(signed -> {
                    signed.usefulFor().ifPresent(context::answerLife);
                    JsonText body = new JsonText(USUAL_LENGTH).member("success", true);
                    addFields(body, signed, intent);
                    return answer(exchange.getResponse(), body, context);
                });
    }

    private Mono<Signer.SignedUrl> settled(Signer.SignedUrl signed, ServerWebExchange exchange, UploadIntent intent) {
        return access == Access.UPLOAD
                ? signedUrls
                        .settle(Admission.of(exchange), List.of(intent), List.of())
                        .thenReturn(signed)
                : Mono.just(signed);
    }

    private Mono<Void> all(UploadBatch batch, ServerWebExchange exchange) {
        RequestContext context = RequestContext.of(exchange);
        return batches.sign(batch, Caller.ATTRIBUTE.get(exchange), Admission.of(exchange), context)
                .flatMap(results -> {
                    BatchSigning.shortestLife(results).ifPresent(context::answerLife);
                    StringJoiner items = new StringJoiner(",", "[", "]");
                    results.forEach(result -> items.add(item(result, batch.partial())));
                    JsonText body = new JsonText().member("success", true).json("items", items.toString());
                    return answer(exchange.getResponse(), body, context);
                });
    }

    private String item(BatchSigning.Signed result, boolean partial) {
        JsonText item = new JsonText();
        if (result instanceof BatchSigning.Signed.Refused refused) {
            Problem problem = refused.problem();
            item.member("success", false)
                    .member("error", problem.detail())
                    .member("code", problem.code().name());
            problem.fields().forEach(item::value);
            return item.toString();
        }
        if (partial) {
            item.member("success", true);
        }
        BatchSigning.Signed.Url signed = (BatchSigning.Signed.Url) result;
        addFields(item, signed.url(), signed.intent());
        return item.toString();
    }

    private void addFields(JsonText json, Signer.SignedUrl signed, UploadIntent intent) {
        json.member(access.field(), signed.url());
        if (access == Access.UPLOAD && signed.token() != null) {
            json.member("token", signed.token());
        }
        if (!signed.headers().isEmpty()) {
            json.member("method", "PUT").member("headers", signed.headers());
        }
        json.member("path", intent.object().path());
    }

    private static Mono<Void> answer(ServerHttpResponse response, JsonText body, RequestContext context) {
        ByteBuffer bytes = body.member("requestId", context.requestId())
                .json("timing", context.timings().json())
                .buffer();
        response.setStatusCode(HttpStatus.OK);
        response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
        response.getHeaders().setContentLength(bytes.remaining());
        response.getHeaders().setCacheControl("no-store");
        return response.writeWith(
                Mono.fromSupplier(() -> response.bufferFactory().wrap(bytes)));
    }

    @Override
    public int getOrder() {
        return ORDER;
    }
}
