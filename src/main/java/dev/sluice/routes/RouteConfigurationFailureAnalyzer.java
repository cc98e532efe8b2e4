package dev.sluice.routes;

import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Prints a route's mistake instead of a stack trace. */
public final class RouteConfigurationFailureAnalyzer extends AbstractFailureAnalyzer<RouteConfigurationException> {

    @Override
    protected FailureAnalysis analyze(Throwable root, RouteConfigurationException cause) {
        return new FailureAnalysis(cause.getMessage(), cause.action(), cause);
    }
}
