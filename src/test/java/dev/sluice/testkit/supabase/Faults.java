package dev.sluice.testkit.supabase;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Faults by endpoint. An endpoint is a full name ({@code rest.rpc.edge_facts}), the beginning of one at a dot
 * ({@code rest.rpc}, {@code storage}) or {@code *} for all; the longest that fits counts, and the last fault set for
 * it. Each holds until it is cleared, or for the number of calls given to {@link #times}. Requests that are already
 * hanging stay so until their connection closes.
 */
public final class Faults {

    private record Planned(Fault fault, AtomicInteger left) {}

    private final Map<String, Planned> planned = new ConcurrentHashMap<>();

    Faults() {}

    /** Waits before the work is begun; the work is then done and answered. */
    public Faults delay(String endpoint, Duration delay) {
        return plan(endpoint, Fault.delay(delay));
    }

    /** Answers with this status and JSON body instead of doing the work. */
    public Faults status(String endpoint, int status, String body) {
        return status(endpoint, status, body, Map.of());
    }

    /** Answers with this status, JSON body and headers (such as Retry-After) instead of doing the work. */
    public Faults status(String endpoint, int status, String body, Map<String, String> headers) {
        return plan(endpoint, Fault.status(status, body, headers, Fault.Ending.ANSWER));
    }

    /** Never answers and leaves the work undone; the connection stays open. */
    public Faults hang(String endpoint) {
        return plan(endpoint, Fault.undone(Fault.Ending.SILENCE));
    }

    /** Closes the connection without an answer and leaves the work undone. */
    public Faults refuse(String endpoint) {
        return plan(endpoint, Fault.undone(Fault.Ending.CLOSE));
    }

    /** Does the work, then closes the connection without an answer. */
    public Faults dropAnswer(String endpoint) {
        return plan(endpoint, Fault.done(Fault.Ending.CLOSE));
    }

    /** Does the work, then never answers; the connection stays open. */
    public Faults withholdAnswer(String endpoint) {
        return plan(endpoint, Fault.done(Fault.Ending.SILENCE));
    }

    /** Answers with this status and JSON body before the request's body has come, then closes the connection. */
    public Faults answerEarlyAndClose(String endpoint, int status, String body) {
        return plan(endpoint, Fault.status(status, body, Map.of(), Fault.Ending.ANSWER_AND_CLOSE));
    }

    /** Reads the request's body at this rate, so that a sender feels it. */
    public Faults slowBody(String endpoint, int bytesPerSecond) {
        return plan(endpoint, Fault.slow(bytesPerSecond));
    }

    /** Reads this many bytes of the request's body, then closes the connection; what a resumable upload got stays. */
    public Faults breakOff(String endpoint, long bytes) {
        return plan(endpoint, Fault.broken(bytes));
    }

    /** Ends the endpoint's present fault after this many further calls. */
    public Faults times(String endpoint, int calls) {
        planned.computeIfPresent(endpoint, (name, plan) -> new Planned(plan.fault, new AtomicInteger(calls)));
        return this;
    }

    /** Heals one endpoint. */
    public void clear(String endpoint) {
        planned.remove(endpoint);
    }

    /** Heals everything. */
    public void clear() {
        planned.clear();
    }

    Fault next(String endpoint) {
        for (String name = endpoint; ; name = name.substring(0, name.lastIndexOf('.'))) {
            Planned plan = planned.get(name);
            if (plan != null && take(name, plan)) {
                return plan.fault;
            }
            if (name.indexOf('.') < 0) {
                Planned all = planned.get("*");
                return all != null && take("*", all) ? all.fault : Fault.NONE;
            }
        }
    }

    private boolean take(String endpoint, Planned plan) {
        int left = plan.left.getAndDecrement();
        if (left <= 1) {
            planned.remove(endpoint, plan);
        }
        return left > 0;
    }

    private Faults plan(String endpoint, Fault fault) {
        planned.put(endpoint, new Planned(fault, new AtomicInteger(Integer.MAX_VALUE)));
        return this;
    }
}
