package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.ledger.RateCheck;
import dev.sluice.operation.Operations;
import dev.sluice.operation.UsesOperations;
import jakarta.validation.constraints.NotBlank;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;

/** {@code RateLimit=<operation>}: claims that the caller stays within the operation's rates over all instances. */
final class RateLimitGatewayFilterFactory extends AbstractGatewayFilterFactory<RateLimitGatewayFilterFactory.Config>
        implements UsesOperations<RateLimitGatewayFilterFactory> {

    private final Operations operations;
    private final RateLimitProperties properties;

    RateLimitGatewayFilterFactory(Operations operations, RateLimitProperties properties) {
        super(Config.class);
        this.operations = operations;
        this.properties = properties;
    }

    @Override
    public RateLimitGatewayFilterFactory with(Operations others) {
        return new RateLimitGatewayFilterFactory(others, properties);
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("operation");
    }

    @Override
    public GatewayFilter apply(Config config) {
        String operation = operations.get(config.operation()).name();
        OnFailure onFailure = config.onFailure() != null ? config.onFailure() : properties.onFailure();
        return (exchange, chain) -> {
            Caller caller = Caller.ATTRIBUTE.get(exchange);
            RequestContext context = RequestContext.of(exchange);
            List<RateCheck> checks = operations.redis(operation, caller == null ? null : caller.plan()).stream()
                    .map(rate -> new RateCheck(operation, rate, context.cost()))
                    .toList();
            checks.forEach(check ->
                    context.requireWithin(check.rate().limit(), check.rate().windowSeconds()));
            context.operation(operation, plan -> operations.maxSize(operation, plan));
            Admission.of(exchange).claim(new Claim.RateLimit(operation, checks, onFailure));
            return chain.filter(exchange);
        };
    }

    /**
     * The filter's arguments.
     *
     * @param operation a configured operation
     * @param onFailure overrides {@code sluice.rate-limit.on-failure} for this route
     */
    @Validated
    record Config(@NotBlank String operation, @Nullable OnFailure onFailure) {}
}
