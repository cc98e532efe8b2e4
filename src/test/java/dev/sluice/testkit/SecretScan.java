package dev.sluice.testkit;

import java.util.List;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails each test class in whose time a secret of the run was printed: logs go to the standard output, whichever part of
 * the JVM writes them. Registered for all tests in {@code META-INF/services}.
 */
public final class SecretScan implements BeforeAllCallback, AfterAllCallback {

    private static final OutputScan SCAN = new OutputScan(Secrets.ofThisRun());

    @Override
    public void beforeAll(ExtensionContext context) {
        if (!OutputScan.isWatched(System.out)) {
            System.setOut(SCAN.watch(System.out));
        }
        if (!OutputScan.isWatched(System.err)) {
            System.setErr(SCAN.watch(System.err));
        }
    }

    @Override
    public void afterAll(ExtensionContext context) {
        List<String> leaks = SCAN.takeLeaks();
        if (!leaks.isEmpty()) {
            throw new AssertionError("Secrets of this run were logged: " + leaks);
        }
    }
}
