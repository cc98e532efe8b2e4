package dev.sluice.caller;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Removes {@code X-User-Id} and {@code X-Api-Key-Id} that a client sent, on every route: a backend believes them, also
 * behind a route without {@code Authenticate}.
 */
final class UntrustedIdentityFilter implements GlobalFilter, Ordered {

    private final TrustedPeers trusted;

    UntrustedIdentityFilter(TrustedPeers trusted) {
        this.trusted = trusted;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        return chain.filter(trusted.withoutUntrusted(exchange));
    }

    /** Before every route filter, which are numbered from 1. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE;
    }
}
