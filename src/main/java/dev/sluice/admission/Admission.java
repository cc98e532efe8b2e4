package dev.sluice.admission;

import dev.sluice.exchange.Attribute;
import dev.sluice.journal.UsageEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * What one request claims, and what became of it. Filled by the claim filters before the decision and read after it. Only
 * the end of a request that was cut off may come from another thread, at any moment: what it decides on (what is charged,
 * and whether the operation may have happened) is under one lock, which is held for a few instructions.
 */
public final class Admission {

    private static final Attribute<Admission> ATTRIBUTE = Attribute.of(Admission.class);

    private final List<Claim.RateLimit> rateLimits = new ArrayList<>(1);
    private Claim.@Nullable Quota quota;
    private Claim.@Nullable Bucket bucket;
    private volatile boolean settled;
    private boolean finished;
    private boolean inDoubt;
    private @Nullable UsageEvent charge;
    private boolean watched;

    /** The admission of this exchange, empty at first. */
    public static Admission of(ServerWebExchange exchange) {
        Admission admission = ATTRIBUTE.get(exchange);
        if (admission == null) {
            admission = new Admission();
            ATTRIBUTE.set(exchange, admission);
        }
        return admission;
    }

    void claim(Claim.RateLimit claim) {
        if (rateLimits.stream().noneMatch(known -> known.operation().equals(claim.operation()))) {
            rateLimits.add(claim);
        }
    }

    /** Several quota claims add up: requests and bytes are charged by one event. */
    void claim(Claim.Quota claim) {
        quota = quota == null ? claim : quota.plus(claim);
    }

    void claim(Claim.Bucket claim) {
        bucket = claim;
    }

    boolean isEmpty() {
        return rateLimits.isEmpty() && quota == null && bucket == null;
    }

    List<Claim.RateLimit> rateLimits() {
        return rateLimits;
    }

    Claim.@Nullable Quota quota() {
        return quota;
    }

    Claim.@Nullable Bucket bucket() {
        return bucket;
    }

    /** Whether all claims hold; they are never decided twice. */
    boolean isSettled() {
        return settled;
    }

    void settled() {
        settled = true;
    }

    /**
     * What is being charged from now on, so that a request that is cut off can give it back; null after a refusal.
     *
     * @return false if the request has ended meanwhile, and nobody would give it back: then nothing may be charged
     */
    synchronized boolean charging(@Nullable UsageEvent event) {
        if (!finished) {
            charge = event;
        }
        return !finished;
    }

    /** The event that is or may be charged; null if none can be. */
    synchronized @Nullable UsageEvent charge() {
        return charge;
    }

    /** True for the first who asks: who will see how the request ends. */
    boolean watch() {
        boolean first = !watched;
        watched = true;
        return first;
    }

    /** True for the first who asks: who records how the request ended. What is charged and in doubt changes no more. */
    synchronized boolean finish() {
        boolean first = !finished;
        finished = true;
        return first;
    }

    /**
     * From now on the operation may have had its effect, so that a failure no longer gives the charge back.
     *
     * @return false if the request has ended meanwhile, and its charge was given back: then the operation must not begin
     */
    public synchronized boolean operationMayHaveHappened() {
        if (!finished) {
            inDoubt = true;
        }
        return !finished;
    }

    /** The operation failed before it could have an effect, such as a connection that was refused. */
    public synchronized void operationDidNotHappen() {
        if (!finished) {
            inDoubt = false;
        }
    }

    synchronized boolean isInDoubt() {
        return inDoubt;
    }
}
