package dev.sluice.management;

import dev.sluice.admission.Judged;
import dev.sluice.admission.Tried;
import dev.sluice.exchange.RequestContext;
import dev.sluice.memory.MemoryGuard;
import dev.sluice.memory.ShadowGuard;
import dev.sluice.operation.Operations;
import dev.sluice.operation.Rate;
import dev.sluice.operation.RollingCounter;
import dev.sluice.problem.Problem;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.support.NameUtils;

/**
 * What {@code MemoryGuard} would decide; it is looked at and not let count. What is left of a batch is counted with the attempt
 * before it, which was counted when its body was not known.
 */
final class ExplainedMemory {

    private static final String CLAIM = "memory-guard";
    private static final String FROM = "memory";

    /** As the gateway names it in a filter's short form. */
    private static final String FIRST_ARGUMENT = NameUtils.generateName(0);

    private final MemoryGuard guard;
    private final ShadowGuard shadows;

    ExplainedMemory(MemoryGuard guard, ShadowGuard shadows) {
        this.guard = guard;
        this.shadows = shadows;
    }

    /** @throws dev.sluice.problem.ProblemException for a batch that can never fit */
    Judged judge(FilterDefinition filter, RequestContext context, ExplainRequest explain, Operations operations) {
        String operation = operation(filter, operations);
        Rate rate = operations.memory(operation, explain.plan());
        context.operation(operation, plan -> operations.maxSize(operation, plan));
        context.requireWithin(rate.limit(), rate.windowSeconds());
        RollingCounter.Attempt attempt = guard.peek(explain.user(), operation, rate, context.cost());
        Map<String, @Nullable Object> figures = figures(operation, rate, context.cost(), attempt);
        boolean standard = rate.equals(operations.memory(operation, null));
        figures.put("limitFrom", Explanation.from(standard));
        figures.put("property", Explanation.property(explain, operation, standard, "memory"));
        return new Judged(CLAIM, FROM, figures, attempt.admitted() ? null : MemoryGuard.refusal(rate, attempt), 0);
    }

    Tried judgeShadow(FilterDefinition filter, RequestContext context, ExplainRequest explain, Operations operations) {
        String operation = operation(filter, operations);
        String candidate = Explanation.argument(filter, "rate");
        Rate rate = candidate != null ? Rate.parse(candidate) : operations.memory(operation, explain.plan());
        context.shadowOperation(operation, plan -> operations.maxSize(operation, plan));
        RollingCounter.Attempt attempt = shadows.peek(explain.user(), operation, rate, context.cost());
        Problem tooMany = context.tooManyFor(rate.limit(), rate.windowSeconds());
        Problem full = attempt.admitted() ? null : MemoryGuard.refusal(rate, attempt);
        return Tried.judged(
                CLAIM, FROM, figures(operation, rate, context.cost(), attempt), tooMany != null ? tooMany : full);
    }

    private static String operation(FilterDefinition filter, Operations operations) {
        String named = Explanation.argument(filter, "operation");
        String first = named == null ? filter.getArgs().get(FIRST_ARGUMENT) : named;
        return operations.get(Objects.requireNonNull(first)).name();
    }

    private static Map<String, @Nullable Object> figures(
            String operation, Rate rate, int cost, RollingCounter.Attempt attempt) {
        Map<String, @Nullable Object> figures = new LinkedHashMap<>();
        figures.put("operation", operation);
        figures.put("window", rate.windowSeconds());
        figures.put("limit", rate.limit());
        figures.put("used", rate.limit() - attempt.remaining());
        figures.put("cost", cost);
        figures.put("remaining", attempt.remaining());
        figures.put("resetIn", attempt.resetMillis());
        return figures;
    }
}
