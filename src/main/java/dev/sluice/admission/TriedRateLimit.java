package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.operation.Operations;
import dev.sluice.operation.Rate;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/** {@code RateLimit} in shadow mode. */
public final class TriedRateLimit implements GatewayFilter {

    private final Operations operations;
    private final String operation;
    private final @Nullable List<Rate> candidate;
    private final ShadowClaims claims;

    /** @param candidate the rates that are tried; null for those that the operation has for the caller's plan */
    TriedRateLimit(Operations operations, String operation, @Nullable List<Rate> candidate, ShadowClaims claims) {
        this.operations = operations;
        this.operation = operation;
        this.candidate = candidate;
        this.claims = claims;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        claims.add(exchange, this, () -> {
            RequestContext context = RequestContext.of(exchange);
            context.shadowOperation(operation, plan -> operations.maxSize(operation, plan));
            return check(candidate != null ? candidate : rates(exchange), context.cost());
        });
        return chain.filter(exchange);
    }

    /** Whatever it may count of one user, whose plan may have been any. */
    public List<ShadowCheck.Rates> ofEveryPlan() {
        return candidate != null
                ? List.of(check(candidate, 1))
                : operations.ofEveryPlan().stream()
                        .filter(each -> each.name().equals(operation))
                        .map(each -> check(each.redis(), 1))
                        .toList();
    }

    private List<Rate> rates(ServerWebExchange exchange) {
        Caller caller = Caller.ATTRIBUTE.get(exchange);
        return operations.redis(operation, caller == null ? null : caller.plan());
    }

    private ShadowCheck.Rates check(List<Rate> rates, int cost) {
        return new ShadowCheck.Rates(RateLimitGatewayFilterFactory.checks(operation, rates, cost));
    }
}
