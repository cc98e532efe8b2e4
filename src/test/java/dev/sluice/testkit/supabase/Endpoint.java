package dev.sluice.testkit.supabase;

/**
 * What answers a request.
 *
 * @param name the name for faults and counters, such as {@code storage.sign-upload} or {@code rest.rpc.edge_facts}
 * @param handler does the work; may block
 */
record Endpoint(String name, Handler handler) {

    /** Answers a call, on a thread that may block. */
    @FunctionalInterface
    interface Handler {
        Reply handle(Call call) throws Exception;
    }
}
