package dev.sluice.admission;

import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Sees how an admitted request ended, from outside of every other filter (retries and the writing of the answer
 * included), and hands it to {@link Outcomes}.
 */
final class OutcomeFilter implements GlobalFilter, Ordered {

    private final Outcomes outcomes;

    OutcomeFilter(Outcomes outcomes) {
        this.outcomes = outcomes;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Admission admission = Admission.of(exchange);
        if (!admission.watch()) {
            admission.forwarded();
            return chain.filter(exchange);
        }
        exchange.getResponse().beforeCommit(() -> outcomes.answering(exchange));
        return chain.filter(exchange)
                .onErrorResume(error -> outcomes.failed(exchange, error).then(Mono.error(error)))
                .then(Mono.defer(() -> outcomes.answered(exchange)))
                .doOnCancel(() -> outcomes.cancelled(exchange));
    }

    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 100;
    }
}
