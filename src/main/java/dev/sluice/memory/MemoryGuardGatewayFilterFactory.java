package dev.sluice.memory;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RateLimits;
import dev.sluice.exchange.RequestContext;
import dev.sluice.exchange.Stage;
import dev.sluice.operation.Operations;
import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import dev.sluice.operation.UsesOperations;
import dev.sluice.problem.Problem;
import dev.sluice.shadow.Mode;
import dev.sluice.shadow.WouldRefuse;
import jakarta.validation.constraints.AssertTrue;
import jakarta.validation.constraints.NotBlank;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.validation.annotation.Validated;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * {@code MemoryGuard=<operation>}: refuses a caller who is past the operation's limit of this instance, 429
 * RATE_LIMIT_MEMORY. Counts by user, or by the client's address on a route without {@code Authenticate}.
 *
 * <p>How much a batch counts for is known when its body was read. So its route has the filter twice: before, where the request
 * counts as one attempt whatever it holds, and as {@code MemoryGuard=<operation>,rest} after, for what is left of the batch.
 *
 * <p>In shadow mode it counts apart, and may have a rate of its own, which is a candidate for the operation's.
 */
public final class MemoryGuardGatewayFilterFactory
        extends AbstractGatewayFilterFactory<MemoryGuardGatewayFilterFactory.Config>
        implements UsesOperations<MemoryGuardGatewayFilterFactory> {

    /**
     * The filter's arguments.
     *
     * @param operation one of {@code sluice.operations}
     * @param count what is counted, all that is known of the request by default
     * @param mode whether what it decides holds, as it does by default
     * @param rate a candidate for the operation's rate, of every plan, such as {@code 100/1m}; only in shadow
     */
    @Validated
    public record Config(
            @NotBlank String operation,
            @Nullable Count count,
            @Nullable Mode mode,
            @Nullable Rate rate) {

        @AssertTrue(
                message =
                        "rate is a candidate's and needs mode: shadow; those that hold are sluice.operations.<name>.memory")
        boolean isCandidateInShadow() {
            return mode == Mode.SHADOW || rate == null;
        }
    }

    /** What a filter counts. */
    public enum Count {
        ALL,
        /** All but the attempt that was counted already. */
        REST
    }

    private final MemoryGuard guard;
    private final ShadowGuard shadows;
    private final WouldRefuse wouldRefuse;
    private final Operations operations;
    private final ClientAddress clientAddress;

    MemoryGuardGatewayFilterFactory(
            MemoryGuard guard,
            ShadowGuard shadows,
            WouldRefuse wouldRefuse,
            Operations operations,
            ClientAddress clientAddress) {
        super(Config.class);
        this.guard = guard;
        this.shadows = shadows;
        this.wouldRefuse = wouldRefuse;
        this.operations = operations;
        this.clientAddress = clientAddress;
    }

    @Override
    public MemoryGuardGatewayFilterFactory with(Operations others) {
        return new MemoryGuardGatewayFilterFactory(guard, shadows, wouldRefuse, others, clientAddress);
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("operation", "count");
    }

    /** @throws IllegalArgumentException if the operation is not configured */
    @Override
    public GatewayFilter apply(Config config) {
        String operation = operations.get(config.operation()).name();
        if (config.mode() == Mode.SHADOW) {
            return inShadow(operation, config);
        }
        RequestContext.Sizes sizes = plan -> operations.maxSize(operation, plan);
        return (exchange, chain) -> {
            RequestContext context = RequestContext.of(exchange);
            context.operation(operation, sizes);
            long since = context.timings().now();
            Caller caller = Caller.ATTRIBUTE.get(exchange);
            Rate rate = operations.memory(operation, caller == null ? null : caller.plan());
            int cost = cost(config, context);
            if (cost == 0) {
                return chain.filter(exchange);
            }
            context.requireWithin(rate.limit(), rate.windowSeconds());
            RollingCounter.Attempt attempt = guard.attempt(subject(exchange, caller), operation, rate, cost);
            context.timings().add(Stage.MEMORY, since);
            context.rateLimits().add(policy(operation, rate, attempt));
            return attempt.admitted()
                    ? chain.filter(exchange)
                    : Mono.error(MemoryGuard.refusal(rate, attempt).exception());
        };
    }

    private GatewayFilter inShadow(String operation, Config config) {
        return (exchange, chain) -> {
            wouldRefuse.guarded(operation, () -> judge(exchange, operation, config));
            return chain.filter(exchange);
        };
    }

    private void judge(ServerWebExchange exchange, String operation, Config config) {
        RequestContext context = RequestContext.of(exchange);
        context.shadowOperation(operation, plan -> operations.maxSize(operation, plan));
        Caller caller = Caller.ATTRIBUTE.get(exchange);
        Rate candidate = config.rate();
        Rate rate = candidate != null ? candidate : operations.memory(operation, caller == null ? null : caller.plan());
        Problem problem = wouldBe(context, subject(exchange, caller), operation, rate, cost(config, context));
        if (problem != null) {
            wouldRefuse.refused(context.requestId(), operation, "memory-guard", "memory", problem);
        }
    }

    private @Nullable Problem wouldBe(RequestContext context, Subject subject, String operation, Rate rate, int cost) {
        if (cost == 0) {
            return null;
        }
        Problem tooMany = context.tooManyFor(rate.limit(), rate.windowSeconds());
        if (tooMany != null) {
            return tooMany;
        }
        RollingCounter.Attempt attempt = shadows.attempt(subject, operation, rate, cost);
        return attempt.admitted() ? null : MemoryGuard.refusal(rate, attempt);
    }

    private static int cost(Config config, RequestContext context) {
        return config.count() == Count.REST ? context.cost() - 1 : context.cost();
    }

    private Subject subject(ServerWebExchange exchange, @Nullable Caller caller) {
        return caller == null ? new Subject.Address(clientAddress.of(exchange)) : new Subject.User(caller.userId());
    }

    private static RateLimits.Policy policy(String operation, Rate rate, RollingCounter.Attempt attempt) {
        long resetSeconds = -Math.floorDiv(-attempt.resetNanos(), TimeUnit.SECONDS.toNanos(1));
        return new RateLimits.Policy(
                operation + "-instance", rate.limit(), rate.windowSeconds(), attempt.remaining(), resetSeconds);
    }
}
