package dev.sluice.exchange;

import dev.sluice.tracing.Trace;
import dev.sluice.tracing.Traces;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;

/** The first and last to see a request: starts its context, and writes the headers and the metrics when it ends. */
final class RequestContextFilter implements WebFilter, Ordered {

    private final Traces traces;
    private final RequestMetrics metrics;
    private final RequestsUnderWay underWay;
    private final Draining draining;

    RequestContextFilter(Traces traces, RequestMetrics metrics, RequestsUnderWay underWay, Draining draining) {
        this.traces = traces;
        this.metrics = metrics;
        this.underWay = underWay;
        this.draining = draining;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        Trace trace = traces.begin(exchange.getRequest().getHeaders());
        RequestContext context = RequestContext.start(exchange, trace);
        exchange.getResponse().beforeCommit(() -> {
            writeHeaders(exchange, context);
            return Mono.empty();
        });
        ServerHttpRequest watched = BrokenBody.watched(exchange.getRequest());
        ServerWebExchange watching = watched == exchange.getRequest()
                ? exchange
                : exchange.mutate().request(watched).build();
        Mono<Void> handled = underWay.track(
                exchange.getRequest(),
                chain.filter(watching),
                end -> metrics.record(exchange, context, end == SignalType.CANCEL));
        return trace == null ? handled : handled.contextWrite(reactor -> reactor.put(Trace.class, trace));
    }

    private void writeHeaders(ServerWebExchange exchange, RequestContext context) {
        HttpHeaders headers = exchange.getResponse().getHeaders();
        headers.set(RequestContext.REQUEST_ID_HEADER, context.requestId());
        headers.set("Server-Timing", context.timings().header());
        context.rateLimits().writeTo(headers);
        if (draining.isDraining()) {
            headers.set(HttpHeaders.CONNECTION, "close");
        }
    }

    /** Before all else, but for what has to be put before it. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 10;
    }
}
