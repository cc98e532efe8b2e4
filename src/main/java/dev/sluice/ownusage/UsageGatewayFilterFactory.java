package dev.sluice.ownusage;

import dev.sluice.admission.DefaultLimit;
import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.ledger.LedgerView;
import dev.sluice.ledger.QuotaRow;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.RateState;
import dev.sluice.operation.Operation;
import dev.sluice.operation.Operations;
import dev.sluice.operation.UsesOperations;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.OrderedGatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code Usage}: answers with the caller's own limits and what is left of them; {@code Authenticate} must stand before it.
 * Never calls the rest of the chain.
 */
public final class UsageGatewayFilterFactory extends AbstractGatewayFilterFactory<Object>
        implements UsesOperations<UsageGatewayFilterFactory> {

    /** After the admission at 9000, before the gateway's own routing at 10000. */
    static final int ORDER = 9500;

    private static final JsonMapper JSON = JsonMapper.shared();

    private final OwnUsageReader reader;
    private final Operations operations;
    private final DefaultLimit defaultLimit;
    private final Clock clock;

    UsageGatewayFilterFactory(OwnUsageReader reader, Operations operations, DefaultLimit defaultLimit, Clock clock) {
        this.reader = reader;
        this.operations = operations;
        this.defaultLimit = defaultLimit;
        this.clock = clock;
    }

    @Override
    public UsageGatewayFilterFactory with(Operations others) {
        return new UsageGatewayFilterFactory(reader, others, defaultLimit, clock);
    }

    @Override
    public GatewayFilter apply(Object config) {
        return new OrderedGatewayFilter((exchange, chain) -> answer(exchange), ORDER);
    }

    private Mono<Void> answer(ServerWebExchange exchange) {
        Caller caller = Caller.ATTRIBUTE.require(exchange);
        RequestContext context = RequestContext.of(exchange);
        List<RateCheck> checks = operations.all(caller.plan()).stream()
                .flatMap(operation -> operation.redis().stream().map(rate -> new RateCheck(operation.name(), rate, 1)))
                .toList();
        return reader.read(caller.userId(), checks, context.timings())
                .flatMap(usage -> write(exchange.getResponse(), body(usage, caller, context)));
    }

    private Map<String, @Nullable Object> body(OwnUsage usage, Caller caller, RequestContext context) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("success", true);
        body.put("userId", caller.userId());
        body.put("plan", caller.plan());
        body.put("quota", quota(usage));
        body.put("operations", operations(usage, caller));
        body.put("source", usage.source().name().toLowerCase(Locale.ROOT));
        body.put("requestId", context.requestId());
        body.put("timing", context.timings().fields());
        return body;
    }

    private Map<String, Object> quota(OwnUsage usage) {
        QuotaRow row = Objects.requireNonNull(usage.row());
        LedgerView view = usage.view();
        Long ownLimit = row.limit() == null ? defaultLimit.requests() : row.limit();
        Instant end = row.periodEndsAt();
        Long resetIn = end == null ? null : Math.max(0, end.toEpochMilli() - clock.millis());
        Map<String, Object> units = new LinkedHashMap<>();
        units.put(
                "requests",
                unit(ownLimit == null ? 0 : ownLimit, row.current(), view == null ? null : view.pending(), resetIn));
        units.put(
                "bytes",
                unit(row.bytesLimit(), row.bytesCurrent(), view == null ? null : view.bytesPending(), resetIn));
        return units;
    }

    private static Map<String, @Nullable Object> unit(
            @Nullable Long limit, long counted, @Nullable Long reserved, @Nullable Long resetIn) {
        long used = counted + (reserved == null ? 0 : reserved);
        Map<String, @Nullable Object> unit = new LinkedHashMap<>();
        unit.put("limit", limit);
        unit.put("used", used);
        unit.put("reserved", reserved);
        unit.put("remaining", limit == null ? null : Math.max(0, limit - used));
        unit.put("resetIn", resetIn);
        return unit;
    }

    private Map<String, Object> operations(OwnUsage usage, Caller caller) {
        Map<String, Object> told = new LinkedHashMap<>();
        for (Operation operation : operations.all(caller.plan())) {
            Map<String, Object> limits = new LinkedHashMap<>();
            limits.put("windows", windows(usage, operation));
            limits.put(
                    "instance",
                    Map.of(
                            "limit", operation.memory().limit(),
                            "window", operation.memory().windowSeconds()));
            told.put(operation.name(), limits);
        }
        return told;
    }

    private static List<Map<String, Object>> windows(OwnUsage usage, Operation operation) {
        List<Map<String, Object>> windows = new ArrayList<>();
        LedgerView view = usage.view();
        for (int i = 0; i < usage.checks().size(); i++) {
            RateCheck check = usage.checks().get(i);
            if (check.operation().equals(operation.name())) {
                Map<String, Object> window = new LinkedHashMap<>();
                window.put("limit", check.rate().limit());
                window.put("window", check.rate().windowSeconds());
                if (view != null) {
                    RateState state = view.rates().get(i);
                    window.put("used", state.current());
                    window.put("remaining", state.remaining());
                    window.put("resetIn", state.resetMillis());
                }
                windows.add(window);
            }
        }
        return windows;
    }

    private static Mono<Void> write(ServerHttpResponse response, Map<String, @Nullable Object> body) {
        byte[] bytes = JSON.writeValueAsBytes(body);
        response.setStatusCode(HttpStatus.OK);
        response.getHeaders().setContentType(MediaType.APPLICATION_JSON);
        response.getHeaders().setContentLength(bytes.length);
        response.getHeaders().setCacheControl("no-store");
        return response.writeWith(
                Mono.fromSupplier(() -> response.bufferFactory().wrap(bytes)));
    }
}
