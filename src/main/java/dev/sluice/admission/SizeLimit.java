package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.intent.UploadIntent;
import dev.sluice.operation.Operations;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import org.jspecify.annotations.Nullable;

/** How much one request may store: {@code max-size} of its operation, as the caller's plan has it. */
final class SizeLimit {

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

    /** In bytes; null for no limit. */
    @Nullable Long of(String operation, @Nullable Caller caller) {
        return operations.maxSize(operation, caller == null ? null : caller.plan());
    }
}
