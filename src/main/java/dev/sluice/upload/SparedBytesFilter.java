package dev.sluice.upload;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.problem.ProblemException;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** Counts the bytes of bodies that were not read, because their requests were refused from their headers. */
final class SparedBytesFilter implements GlobalFilter, Ordered {

    private final UploadMeters meters;

    SparedBytesFilter(UploadMeters meters) {
        this.meters = meters;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Route route = exchange.getAttribute(GATEWAY_ROUTE_ATTR);
        return route != null && route.getUri().getScheme().startsWith("http")
                ? chain.filter(exchange).doOnError(ProblemException.class, refused -> meters.refused(exchange))
                : chain.filter(exchange);
    }

    /** Outside of every filter that refuses. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 90;
    }
}
