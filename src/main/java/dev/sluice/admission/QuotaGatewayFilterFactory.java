package dev.sluice.admission;

import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadBatch;
import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.server.ServerWebExchange;

/** {@code Quota=<requests|bytes>[,<cost>]}: claims a part of the user's quota. */
final class QuotaGatewayFilterFactory extends AbstractGatewayFilterFactory<QuotaGatewayFilterFactory.Config> {

    private final QuotaProperties properties;

    QuotaGatewayFilterFactory(QuotaProperties properties) {
        super(Config.class);
        this.properties = properties;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("unit", "cost");
    }

    @Override
    public GatewayFilter apply(Config config) {
        OnFailure onFailure = config.onFailure() != null ? config.onFailure() : properties.onFailure();
        long requests = config.cost() == null ? 1 : config.cost();
        Object filter = new Object();
        return (exchange, chain) -> {
            Admission.of(exchange)
                    .claim(
                            filter,
                            config.unit() == Unit.REQUESTS
                                    ? new Claim.Quota(
                                            requests
                                                    * RequestContext.of(exchange)
                                                            .cost(),
                                            0,
                                            onFailure)
                                    : new Claim.Quota(0, declaredBytes(exchange), onFailure));
            return chain.filter(exchange);
        };
    }

    /** The size that the request declares; a request without a body, such as DELETE, declares none. */
    private static long declaredBytes(ServerWebExchange exchange) {
        return UploadBatch.declaredBytes(exchange);
    }

    /** What is counted. */
    enum Unit {
        REQUESTS,
        BYTES
    }

    /**
     * The filter's arguments.
     *
     * @param unit what is counted
     * @param cost requests that one request counts for, 1 by default; bytes are taken from the request's declared size
     * @param onFailure overrides {@code sluice.quota.on-failure} for this route
     */
    @Validated
    record Config(
            @NotNull Unit unit,
            @Nullable @Min(1) Long cost,
            @Nullable OnFailure onFailure) {

        @AssertTrue(message = "Quota=bytes takes no cost: the bytes are the request's declared size") boolean isCostOfRequests() {
            return unit == Unit.REQUESTS || cost == null;
        }
    }
}
