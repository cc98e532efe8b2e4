package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/** How much one request may store: {@code max-size} of its operation, as the caller's plan has it. */
public final class SizeLimit {

    /** The refusal of a request that declares more than it may; the limit is kept for a body that declares nothing. */
    @Nullable ProblemException check(Subject subject, @Nullable UploadIntent intent) {
        if (subject.context().operation() == null) {
            return null;
        }
        Long limit = of(subject.context(), subject.caller());
        subject.claims().maxSize(limit);
        Long declared = intent == null ? null : intent.contentLength();
        return limit == null || declared == null || declared <= limit
                ? null
                : Problem.tooLarge(limit).exception();
    }

    /** Of a request whose operation and caller are known already, in bytes; null for no limit. */
    public @Nullable Long of(ServerWebExchange exchange) {
        return of(RequestContext.of(exchange), Caller.ATTRIBUTE.get(exchange));
    }

    private static @Nullable Long of(RequestContext context, @Nullable Caller caller) {
        return context.maxSize(caller == null ? null : caller.plan());
    }
}
