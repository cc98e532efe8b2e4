package dev.sluice.exchange;

import dev.sluice.tracing.RequestFacts;
import dev.sluice.tracing.Trace;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.opentelemetry.context.Scope;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.http.HttpStatusCode;
import org.springframework.web.server.ServerWebExchange;

/** Times guarded requests and their stages, and says which were slow. */
final class RequestMetrics {

    private static final Logger log = LoggerFactory.getLogger(RequestMetrics.class);
    private static final long SLOW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final Duration[] BUCKETS = {
        Duration.ofMillis(1),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(150),
        Duration.ofMillis(200),
        Duration.ofMillis(500),
        Duration.ofMillis(1000)
    };

    /** Lines of slow requests in a second; where there are more, the instance is slow and not the requests. */
    private static final int SLOW_LINES = 10;

    private record Kind(String operation, String outcome, boolean cached) {}

    private final MeterRegistry registry;

    /** As many as the registry has: operations and routes, each with the codes that there are. */
    private final Map<Kind, Timer> responses = new ConcurrentHashMap<>();

    private final Map<Stage, Timer> stages = new EnumMap<>(Stage.class);
    private final Counter slow;
    private final LineLimit slowLines = new LineLimit(SLOW_LINES, System::nanoTime);

    RequestMetrics(MeterRegistry registry) {
        this.registry = registry;
        for (Stage stage : Stage.values()) {
            stages.put(
                    stage,
                    Timer.builder("sluice.stage")
                            .description("Time spent in one layer of a request")
                            .serviceLevelObjectives(BUCKETS)
                            .tag("stage", stage.label())
                            .register(registry));
        }
        this.slow = Counter.builder("sluice.slow")
                .description("Guarded requests that took longer than 500 ms")
                .register(registry);
    }

    /**
     * Records a request that has ended, and ends its trace; requests that met none of our filters are not ours to time.
     * A sampled one leaves its trace's id with the timers, as their exemplar.
     */
    void record(ServerWebExchange exchange, RequestContext context, boolean cancelled) {
        Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
        String operation = context.operation() != null || route == null ? context.operation() : route.getId();
        String outcome = outcome(exchange, context, cancelled);
        Trace trace = context.trace();
        if (trace == null) {
            if (operation != null) {
                time(context, operation, outcome);
            }
            return;
        }
        if (operation != null) {
            try (Scope current = trace.current()) {
                time(context, operation, outcome);
            }
        }
        HttpStatusCode status = exchange.getResponse().getStatusCode();
        new RequestFacts(
                        exchange.getRequest().getMethod().name(),
                        context.requestId(),
                        route == null ? null : route.getId(),
                        context.operation(),
                        outcome,
                        status == null ? null : status.value())
                .end(trace);
    }

    /** @param operation what the filters named, or the route's id for a request that was refused before one did */
    private void time(RequestContext context, String operation, String outcome) {
        Timings timings = context.timings();
        long total = timings.totalNanos();
        responses
                .computeIfAbsent(new Kind(operation, outcome, !timings.entered(Stage.DATABASE)), this::timer)
                .record(total, TimeUnit.NANOSECONDS);
        for (Stage stage : Stage.values()) {
            if (timings.entered(stage)) {
                Objects.requireNonNull(stages.get(stage)).record(timings.spentNanos(stage), TimeUnit.NANOSECONDS);
            }
        }
        if (total > SLOW_NANOS) {
            slow.increment();
            logSlow(context, operation, outcome);
        }
    }

    private Timer timer(Kind kind) {
        return Timer.builder("api.response_time")
                .description("From the request's arrival to the end of its answer")
                .serviceLevelObjectives(BUCKETS)
                .tag("provider", "supabase")
                .tag("operation", kind.operation())
                .tag("outcome", kind.outcome())
                .tag("cached", Boolean.toString(kind.cached()))
                .register(registry);
    }

    private void logSlow(RequestContext context, String operation, String outcome) {
        long untold = slowLines.take();
        if (untold == LineLimit.NONE) {
            return;
        }
        try (LogScope scope = context.logging()) {
            log.warn(
                    "Slow request {} {} {}: {}{}",
                    context.requestId(),
                    operation,
                    outcome,
                    context.timings().header(),
                    LineLimit.more(untold));
        }
    }

    private static String outcome(ServerWebExchange exchange, RequestContext context, boolean cancelled) {
        String refusal = context.refusal();
        if (refusal != null) {
            return refusal;
        }
        if (cancelled || context.isClientGone()) {
            return "cancelled";
        }
        HttpStatusCode status = exchange.getResponse().getStatusCode();
        if (status == null || status.is2xxSuccessful()) {
            return "success";
        }
        return status.is5xxServerError() ? "server_error" : status.is4xxClientError() ? "client_error" : "other";
    }
}
