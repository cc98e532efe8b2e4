package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadIntent;
import dev.sluice.operation.Operations;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** How much one request may store: {@code max-size} of its operation, as the caller's plan has it. */
public final class SizeLimit {

    private final Operations operations;

    SizeLimit(Operations operations) {
        this.operations = operations;
    }

    /** The refusal of a request that declares more than it may; the limit is kept for a body that declares nothing. */
    @Nullable ProblemException check(Subject subject, @Nullable UploadIntent intent) {
        String operation = subject.context().operation();
        if (operation == null) {
            return null;
        }
        Long limit = of(operation, subject.caller());
        subject.claims().maxSize(limit);
        Long declared = intent == null ? null : intent.contentLength();
        return limit == null || declared == null || declared <= limit
                ? null
                : Problem.tooLarge(limit).exception();
    }

    /** Of a request whose operation and caller are known already, in bytes; null for no limit. */
    public @Nullable Long of(ServerWebExchange exchange) {
        String operation = RequestContext.of(exchange).operation();
        return operation == null ? null : of(operation, Caller.ATTRIBUTE.get(exchange));
    }

    /** In bytes; null for no limit. */
    @Nullable Long of(String operation, @Nullable Caller caller) {
        return operations.maxSize(operation, caller == null ? null : caller.plan());
    }
}
