package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.ledger.RateCheck;
import dev.sluice.operation.Operations;
import dev.sluice.operation.Rate;
import dev.sluice.operation.UsesOperations;
import dev.sluice.shadow.Mode;
import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.NotBlank;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;

/**
 * {@code RateLimit=<operation>}: claims that the caller stays within the operation's rates over all instances. In shadow mode
 * it may have rates of its own, which are a candidate for them.
 */
final class RateLimitGatewayFilterFactory extends AbstractGatewayFilterFactory<RateLimitGatewayFilterFactory.Config>
        implements UsesOperations<RateLimitGatewayFilterFactory> {

    private final Operations operations;
    private final RateLimitProperties properties;
    private final ShadowClaims shadows;

    RateLimitGatewayFilterFactory(Operations operations, RateLimitProperties properties, ShadowClaims shadows) {
        super(Config.class);
        this.operations = operations;
        this.properties = properties;
        this.shadows = shadows;
    }

    @Override
    public RateLimitGatewayFilterFactory with(Operations others) {
        return new RateLimitGatewayFilterFactory(others, properties, shadows);
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("operation");
    }

    @Override
    public GatewayFilter apply(Config config) {
        String operation = operations.get(config.operation()).name();
        if (config.mode() == Mode.SHADOW) {
            return new TriedRateLimit(operations, operation, config.rates(), shadows);
        }
        OnFailure onFailure = config.onFailure() != null ? config.onFailure() : properties.onFailure();
        RequestContext.Sizes sizes = plan -> operations.maxSize(operation, plan);
        return (exchange, chain) -> {
            RequestContext context = RequestContext.of(exchange);
            Caller caller = Caller.ATTRIBUTE.get(exchange);
            List<Rate> rates = operations.redis(operation, caller == null ? null : caller.plan());
            List<RateCheck> checks = checks(operation, rates, context.cost());
            checks.forEach(check ->
                    context.requireWithin(check.rate().limit(), check.rate().windowSeconds()));
            context.operation(operation, sizes);
            Admission.of(exchange).claim(new Claim.RateLimit(operation, checks, onFailure));
            return chain.filter(exchange);
        };
    }

    static List<RateCheck> checks(String operation, List<Rate> rates, int cost) {
        return rates.stream().map(rate -> new RateCheck(operation, rate, cost)).toList();
    }

    /**
     * The filter's arguments.
     *
     * @param operation a configured operation
     * @param onFailure overrides {@code sluice.rate-limit.on-failure} for this route
     * @param mode whether what it decides holds, as it does by default
     * @param rates candidates for the operation's rates, of every plan, such as {@code 10/1s, 200/1m}; only in shadow
     */
    @Validated
    record Config(
            @NotBlank String operation,
            @Nullable OnFailure onFailure,
            @Nullable Mode mode,
            @Nullable List<Rate> rates) {

        @AssertTrue(
                message =
                        "rates are a candidate's and need mode: shadow; those that hold are sluice.operations.<name>.redis")
        boolean isCandidateInShadow() {
            return mode == Mode.SHADOW || rates == null;
        }

        @AssertTrue(message = "rates must be of windows of different length, for example 10/1s, 200/1m") boolean isEachWindowOnce() {
            return rates == null
                    || (!rates.isEmpty()
                            && rates.stream()
                                            .map(Rate::windowSeconds)
                                            .distinct()
                                            .count()
                                    == rates.size());
        }
    }
}
