package dev.sluice.admission;

import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadBatch;
import dev.sluice.ledger.ShadowCheck;
import dev.sluice.shadow.Mode;
import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.server.ServerWebExchange;

/**
 * {@code Quota=<requests|bytes>[,<cost>]}: claims a part of the user's quota. In shadow mode it charges nothing, and may have
 * a limit of its own, which is a candidate for the user's.
 */
final class QuotaGatewayFilterFactory extends AbstractGatewayFilterFactory<QuotaGatewayFilterFactory.Config> {

    private final QuotaProperties properties;
    private final DefaultLimit defaultLimit;
    private final ShadowClaims shadows;

    QuotaGatewayFilterFactory(QuotaProperties properties, DefaultLimit defaultLimit, ShadowClaims shadows) {
        super(Config.class);
        this.properties = properties;
        this.defaultLimit = defaultLimit;
        this.shadows = shadows;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("unit", "cost");
    }

    @Override
    public GatewayFilter apply(Config config) {
        OnFailure onFailure = config.onFailure() != null ? config.onFailure() : properties.onFailure();
        long requests = config.cost() == null ? 1 : config.cost();
        boolean bytes = config.unit() == Unit.BYTES;
        Object filter = new Object();
        if (config.mode() == Mode.SHADOW) {
            return (exchange, chain) -> {
                shadows.add(
                        exchange,
                        filter,
                        () -> new ShadowCheck.Quota(
                                bytes, amount(exchange, bytes, requests), config.limit(), defaultLimit.requests()));
                return chain.filter(exchange);
            };
        }
        return (exchange, chain) -> {
            long amount = amount(exchange, bytes, requests);
            Admission.of(exchange).claim(filter, new Claim.Quota(bytes ? 0 : amount, bytes ? amount : 0, onFailure));
            return chain.filter(exchange);
        };
    }

    /** A request without a body, such as DELETE, declares no bytes. */
    private static long amount(ServerWebExchange exchange, boolean bytes, long requests) {
        return bytes
                ? UploadBatch.declaredBytes(exchange)
                : requests * RequestContext.of(exchange).cost();
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
     * @param mode whether what it decides holds, as it does by default
     * @param limit a candidate for the limit of every user, in the filter's unit; only in shadow
     */
    @Validated
    record Config(
            @NotNull Unit unit,
            @Nullable @Min(1) Long cost,
            @Nullable OnFailure onFailure,
            @Nullable Mode mode,
            @Nullable @Min(0) Long limit) {

        @AssertTrue(message = "limit is a candidate's and needs mode: shadow; those that hold are the users' own") boolean isCandidateInShadow() {
            return mode == Mode.SHADOW || limit == null;
        }

        @AssertTrue(message = "Quota=bytes takes no cost: the bytes are the request's declared size") boolean isCostOfRequests() {
            return unit == Unit.REQUESTS || cost == null;
        }
    }
}
