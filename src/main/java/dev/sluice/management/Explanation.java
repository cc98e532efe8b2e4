package dev.sluice.management;

import dev.sluice.admission.AdmissionPreview;
import dev.sluice.admission.Judged;
import dev.sluice.exchange.RequestContext;
import dev.sluice.memory.MemoryGuard;
import dev.sluice.operation.Operations;
import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import dev.sluice.routes.RoutesInForce;
import dev.sluice.routes.RoutesInForce.InForce;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.support.NameUtils;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * One explanation in the making: lets the route's own guards read the request, in their order, and asks what would be decided
 * on what they claim. {@code MemoryGuard} is looked at and not let count; filters that are not Sluice's guards do not run.
 */
final class Explanation {

    private static final Set<String> READ = Set.of("UploadIntent", "ObjectNames", "RateLimit", "Quota", "BucketAccess");

    /** As the gateway names it in a filter's short form. */
    private static final String FIRST_ARGUMENT = NameUtils.generateName(0);

    private final ExplainRequest explain;
    private final InForce route;
    private final RoutesInForce routes;
    private final MemoryGuard guard;
    private final AdmissionPreview admissions;
    private final Operations operations;
    private final List<Map<String, @Nullable Object>> claims = new ArrayList<>();
    private final List<String> shadows = new ArrayList<>();
    private @Nullable Problem refusal;

    Explanation(
            ExplainRequest explain,
            InForce route,
            RoutesInForce routes,
            MemoryGuard guard,
            AdmissionPreview admissions) {
        this.explain = explain;
        this.route = route;
        this.routes = routes;
        this.guard = guard;
        this.admissions = admissions;
        this.operations = routes.operations();
    }

    /** Completes with the answer. */
    Mono<Map<String, @Nullable Object>> of(ExplainedExchange exchange) {
        return from(0, exchange)
                .onErrorResume(ProblemException.class, refused -> {
                    refuse(refused.problem());
                    return Mono.empty();
                })
                .then(Mono.fromSupplier(() -> answer(exchange)));
    }

    private Mono<Void> from(int index, ServerWebExchange exchange) {
        if (index == route.filters().size()) {
            return admissions.of(exchange).doOnNext(this::judged).then();
        }
        FilterDefinition filter = route.filters().get(index);
        if (isInShadow(filter)) {
            shadows.add(filter.getName());
            return from(index + 1, exchange);
        }
        if ("MemoryGuard".equals(filter.getName())) {
            return Mono.defer(() -> {
                memory(filter, exchange);
                return from(index + 1, exchange);
            });
        }
        return READ.contains(filter.getName())
                ? routes.make(filter).filter(exchange, next -> from(index + 1, next))
                : from(index + 1, exchange);
    }

    /** What it would refuse passes. */
    private static boolean isInShadow(FilterDefinition filter) {
        return "shadow".equalsIgnoreCase(argument(filter, "mode"));
    }

    /** As the filter binds it, whatever the case of its name. */
    private static @Nullable String argument(FilterDefinition filter, String name) {
        return filter.getArgs().entrySet().stream()
                .filter(given -> given.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    /** What is left of a batch is counted with the attempt before it, which was counted when its body was not known. */
    private void memory(FilterDefinition filter, ServerWebExchange exchange) {
        String named = argument(filter, "operation");
        String first = named == null ? filter.getArgs().get(FIRST_ARGUMENT) : named;
        String operation = operations.get(Objects.requireNonNull(first)).name();
        RequestContext context = RequestContext.of(exchange);
        int cost = context.cost();
        Rate rate = operations.memory(operation, explain.plan());
        context.operation(operation, plan -> operations.maxSize(operation, plan));
        context.requireWithin(rate.limit(), rate.windowSeconds());
        RollingCounter.Attempt attempt = guard.peek(explain.user(), operation, rate, cost);
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("operation", operation);
        figures.put("window", rate.windowSeconds());
        figures.put("limit", rate.limit());
        figures.put("used", rate.limit() - attempt.remaining());
        figures.put("cost", cost);
        figures.put("remaining", attempt.remaining());
        figures.put("resetIn", attempt.resetMillis());
        figures.put("limitFrom", from(rate.equals(operations.memory(operation, null))));
        figures.put("property", property(operation, rate.equals(operations.memory(operation, null)), "memory"));
        add("memory-guard", "memory", figures, attempt.admitted() ? null : MemoryGuard.refusal(rate, attempt));
    }

    private void judged(List<Judged> all) {
        for (Judged one : all) {
            Map<String, @Nullable Object> figures = new LinkedHashMap<>(one.figures());
            if ("rate-limit".equals(one.claim())) {
                String operation = String.valueOf(figures.get("operation"));
                boolean standard =
                        operations.redis(operation, explain.plan()).equals(operations.redis(operation, null));
                figures.put("limitFrom", from(standard));
                figures.put("property", property(operation, standard, "redis"));
            }
            claims.add(claim(one.claim(), one.from(), figures, one.refusal()));
        }
        all.stream()
                .filter(one -> one.refusal() != null)
                .min(Comparator.comparingInt(Judged::rank))
                .ifPresent(one -> refuse(Objects.requireNonNull(one.refusal())));
    }

    private static String from(boolean standard) {
        return standard ? "configuration" : "plan";
    }

    /** Where the limit is changed, in the routes file or the environment. */
    private String property(String operation, boolean standard, String kind) {
        String owner = standard ? "sluice" : "sluice.plans." + explain.plan();
        return owner + ".operations." + operation + "." + kind;
    }

    private void add(String claim, String from, Map<String, @Nullable Object> figures, @Nullable Problem refused) {
        claims.add(claim(claim, from, figures, refused));
        if (refused != null) {
            refuse(refused);
        }
    }

    private static Map<String, @Nullable Object> claim(
            String claim, String from, Map<String, @Nullable Object> figures, @Nullable Problem refused) {
        Map<String, @Nullable Object> told = new LinkedHashMap<>();
        told.put("claim", claim);
        told.put("verdict", refused == null ? "holds" : "refused");
        told.put("code", refused == null ? null : refused.code().name());
        told.put("from", from);
        told.putAll(figures);
        return told;
    }

    /** The first refusal ends the request. */
    private void refuse(Problem problem) {
        if (refusal == null) {
            refusal = problem;
        }
    }

    private Map<String, @Nullable Object> answer(ServerWebExchange exchange) {
        Map<String, @Nullable Object> answer = new LinkedHashMap<>();
        answer.put("user", explain.user());
        answer.put("plan", explain.plan());
        answer.put("route", route.route().getId());
        answer.put("method", exchange.getRequest().getMethod().name());
        answer.put("path", exchange.getRequest().getURI().getRawPath());
        answer.put("verdict", refusal == null ? "admitted" : "refused");
        answer.put("refusal", refusal == null ? null : told(refusal));
        answer.put("claims", claims);
        answer.put("inShadow", shadows);
        return answer;
    }

    /** As the error body would tell it. */
    private static Map<String, Object> told(Problem problem) {
        Map<String, Object> told = new LinkedHashMap<>();
        told.put("status", problem.status());
        told.put("code", problem.code().name());
        told.put("error", problem.detail());
        problem.fields().forEach(told::putIfAbsent);
        return told;
    }
}
