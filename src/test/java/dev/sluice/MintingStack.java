package dev.sluice;

import dev.sluice.testkit.Stack;

/** One stack for the tests of what mints URLs, each of which has users of its own; it ends with the test JVM. */
final class MintingStack {

    private static final Stack STACK = Stack.start(
            "sluice.operations.signed-url.memory", "20/1m",
            "sluice.operations.signed-url.redis", "30/1m",
            "sluice.operations.signed-url.max-size", "1GB",
            "sluice.idempotency.max-wait", "1s");

    private MintingStack() {}

    static Stack shared() {
        return STACK;
    }
}
