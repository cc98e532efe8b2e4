package dev.sluice.exchange;

import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

/** The first and last to see a request: starts its context, and writes the headers and the metrics when it ends. */
final class RequestContextFilter implements WebFilter, Ordered {

    private final RequestMetrics metrics;

    RequestContextFilter(RequestMetrics metrics) {
        this.metrics = metrics;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        RequestContext context = RequestContext.start(exchange);
        exchange.getResponse().beforeCommit(() -> {
            writeHeaders(exchange, context);
            return Mono.empty();
        });
        return chain.filter(exchange)
                .doFinally(signal -> metrics.record(exchange, context, signal == SignalType.CANCEL));
    }

    private static void writeHeaders(ServerWebExchange exchange, RequestContext context) {
        HttpHeaders headers = exchange.getResponse().getHeaders();
        headers.set(RequestContext.REQUEST_ID_HEADER, context.requestId());
        headers.set("Server-Timing", context.timings().header());
        context.rateLimits().writeTo(headers);
    }

    /** After the observation filter of Spring Boot, which is at {@code HIGHEST_PRECEDENCE + 1}; before all else. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 10;
    }
}
