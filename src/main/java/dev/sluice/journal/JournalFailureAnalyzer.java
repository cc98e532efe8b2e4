package dev.sluice.journal;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Says what to mend about the journal's directory instead of printing a stack trace. */
public final class JournalFailureAnalyzer extends AbstractFailureAnalyzer<JournalStartException> {

    @Override
    protected FailureAnalysis analyze(Throwable root, JournalStartException cause) {
        return new FailureAnalysis(cause.getMessage(), cause.action(), cause);
    }
}
