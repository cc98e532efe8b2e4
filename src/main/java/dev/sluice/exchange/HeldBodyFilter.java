package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.util.Set;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Bounds the bodies of requests that usually have none (GET, HEAD, DELETE ...): the gateway's client holds them whole before
 * it sends their first byte (reactor-netty's {@code HttpClientOperations.send}). Such a body must say its length (411) and be
 * small (413).
 */
final class HeldBodyFilter implements GlobalFilter, Ordered {

    private static final Set<HttpMethod> STREAMED = Set.of(HttpMethod.PUT, HttpMethod.POST, HttpMethod.PATCH);
    private static final long MOST_BYTES = 256 * 1024;

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        if (STREAMED.contains(exchange.getRequest().getMethod())) {
            return chain.filter(exchange);
        }
        HttpHeaders headers = exchange.getRequest().getHeaders();
        if (headers.containsHeader(HttpHeaders.TRANSFER_ENCODING)) {
            return Mono.error(Problem.of(ProblemCode.LENGTH_REQUIRED)
                    .detail("The body of a " + exchange.getRequest().getMethod() + " must say its size")
                    .with("hint", "Send Content-Length, not a chunked body")
                    .header(HttpHeaders.CONNECTION, "close")
                    .exception());
        }
        return headers.getContentLength() > MOST_BYTES
                ? Mono.error(Problem.tooLarge(MOST_BYTES).exception())
                : chain.filter(exchange);
    }

    /** Before whatever costs anything. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 95;
    }
}
