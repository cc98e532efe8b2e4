package dev.sluice.management;

import dev.sluice.admission.AdmissionPreview;
import dev.sluice.admission.Judged;
import dev.sluice.admission.Tried;
import dev.sluice.exchange.RequestContext;
import dev.sluice.operation.Operations;
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
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * One explanation in the making: lets the route's own guards read the request, in their order, and asks what would be decided
 * on what they claim, those in shadow mode too. Filters that are not Sluice's guards do not run.
 */
final class Explanation {

    private static final Set<String> READ = Set.of("UploadIntent", "ObjectNames", "RateLimit", "Quota", "BucketAccess");

    private final ExplainRequest explain;
    private final InForce route;
    private final RoutesInForce routes;
    private final ExplainedMemory memory;
    private final AdmissionPreview admissions;
    private final Operations operations;
    private final List<Map<String, @Nullable Object>> claims = new ArrayList<>();
    private final List<String> inShadow = new ArrayList<>();
    private final List<Map<String, @Nullable Object>> shadows = new ArrayList<>();
    private @Nullable Problem refusal;

    Explanation(
            ExplainRequest explain,
            InForce route,
            RoutesInForce routes,
            ExplainedMemory memory,
            AdmissionPreview admissions) {
        this.explain = explain;
        this.route = route;
        this.routes = routes;
        this.memory = memory;
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
            return admissions
                    .of(exchange)
                    .doOnNext(preview -> {
                        judged(preview.claims());
                        preview.shadows().forEach(this::tried);
                    })
                    .then();
        }
        FilterDefinition filter = route.filters().get(index);
        boolean shadow = "shadow".equalsIgnoreCase(argument(filter, "mode"));
        if (shadow) {
            inShadow.add(filter.getName());
        }
        if ("MemoryGuard".equals(filter.getName())) {
            return Mono.defer(() -> {
                RequestContext context = RequestContext.of(exchange);
                if (shadow) {
                    tried(memory.judgeShadow(filter, context, explain, operations));
                } else {
                    Judged judged = memory.judge(filter, context, explain, operations);
                    add(judged.claim(), judged.from(), judged.figures(), judged.refusal());
                }
                return from(index + 1, exchange);
            });
        }
        return READ.contains(filter.getName())
                ? routes.make(filter).filter(exchange, next -> from(index + 1, next))
                : from(index + 1, exchange);
    }

    /** As the filter binds it, whatever the case of its name. */
    static @Nullable String argument(FilterDefinition filter, String name) {
        return filter.getArgs().entrySet().stream()
                .filter(given -> given.getKey().equalsIgnoreCase(name))
                .map(Map.Entry::getValue)
                .findFirst()
                .orElse(null);
    }

    private void judged(List<Judged> all) {
        for (Judged one : all) {
            Map<String, @Nullable Object> figures = new LinkedHashMap<>(one.figures());
            if ("rate-limit".equals(one.claim())) {
                String operation = String.valueOf(figures.get("operation"));
                boolean standard =
                        operations.redis(operation, explain.plan()).equals(operations.redis(operation, null));
                figures.put("limitFrom", from(standard));
                figures.put("property", property(explain, operation, standard, "redis"));
            }
            claims.add(claim(one.claim(), one.from(), figures, one.refusal()));
        }
        all.stream()
                .filter(one -> one.refusal() != null)
                .min(Comparator.comparingInt(Judged::rank))
                .ifPresent(one -> refuse(Objects.requireNonNull(one.refusal())));
    }

    static String from(boolean standard) {
        return standard ? "configuration" : "plan";
    }

    /** Where the limit is changed, in the routes file or the environment. */
    static String property(ExplainRequest explain, String operation, boolean standard, String kind) {
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

    private void tried(Tried one) {
        Map<String, @Nullable Object> told = new LinkedHashMap<>();
        told.put("claim", one.claim());
        told.put("verdict", one.verdict());
        Problem refusal = one.refusal();
        told.put("code", refusal == null ? null : refusal.code().name());
        told.put("from", one.from());
        told.putAll(one.figures());
        shadows.add(told);
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
        answer.put("inShadow", inShadow);
        answer.put("shadows", shadows);
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
