package dev.sluice.signedurl;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadIntent;
import java.util.LinkedHashMap;
import java.util.Map;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.core.Ordered;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** The end of a signing route: answers with the signed URL. */
final class SignedUrlFilter implements GatewayFilter, Ordered {

    /** After the admission at 9000, before the gateway's own routing at 10000. */
    static final int ORDER = 9500;

    private static final JsonMapper JSON = JsonMapper.shared();

    private final Access access;
    private final SignedUrls signedUrls;

    SignedUrlFilter(Access access, SignedUrls signedUrls) {
        this.access = access;
        this.signedUrls = signedUrls;
    }

    /** Refuses what could not be signed. */
    void check(ServerWebExchange exchange) {
        signedUrls.check(access, UploadIntent.ATTRIBUTE.require(exchange));
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        UploadIntent intent = UploadIntent.ATTRIBUTE.require(exchange);
        RequestContext context = RequestContext.of(exchange);
        return signedUrls
                .sign(access, intent, Caller.ATTRIBUTE.get(exchange), context.timings())
                .flatMap(signed -> answer(exchange.getResponse(), body(signed, intent, context)));
    }

    private Map<String, Object> body(Signer.SignedUrl signed, UploadIntent intent, RequestContext context) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("success", true);
        body.put(access.field(), signed.url());
        if (access == Access.UPLOAD) {
            body.put("token", signed.token());
        }
        body.put("path", intent.object().path());
        body.put("requestId", context.requestId());
        body.put("timing", context.timings().fields());
        return body;
    }

    private static Mono<Void> answer(ServerHttpResponse response, Map<String, Object> body) {
        byte[] bytes = JSON.writeValueAsBytes(body);
        response.setStatusCode(HttpStatus.OK);
        response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
        response.getHeaders().setContentLength(bytes.length);
        response.getHeaders().setCacheControl("no-store");
        return response.writeWith(
                Mono.fromSupplier(() -> response.bufferFactory().wrap(bytes)));
    }

    @Override
    public int getOrder() {
        return ORDER;
    }
}
