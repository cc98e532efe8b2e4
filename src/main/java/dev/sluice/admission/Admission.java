package dev.sluice.admission;

import dev.sluice.exchange.Attribute;
import dev.sluice.journal.UsageEvent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;

/**
 * What one request claims, and what became of it. Filled by the claim filters before the decision and read after it;
 * only the end of a request that was cut off may come from another thread.
 */
public final class Admission {

    private static final Attribute<Admission> ATTRIBUTE = Attribute.of(Admission.class);

    private final List<Claim.RateLimit> rateLimits = new ArrayList<>(1);
    private Claim.@Nullable Quota quota;
    private Claim.@Nullable Bucket bucket;
    private final AtomicBoolean finished = new AtomicBoolean();
    private volatile boolean settled;
    private volatile boolean inDoubt;
    private volatile @Nullable UsageEvent charge;
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

    /** What is being charged from now on, so that a request that is cut off can give it back; null after a refusal. */
    void charging(@Nullable UsageEvent event) {
        charge = event;
    }

    /** The event that is or may be charged; null if none can be. */
    @Nullable UsageEvent charge() {
        return charge;
    }

    /** True for the first who asks: who will see how the request ends. */
    boolean watch() {
        boolean first = !watched;
        watched = true;
        return first;
    }

    /** True for the first who asks: who records how the request ended. */
    boolean finish() {
        return finished.compareAndSet(false, true);
    }

    /** From now on the operation may have had its effect, so that a failure no longer gives the charge back. */
    public void operationMayHaveHappened() {
        inDoubt = true;
    }

    /** The operation failed before it could have an effect, such as a connection that was refused. */
    public void operationDidNotHappen() {
        inDoubt = false;
    }

    boolean isInDoubt() {
        return inDoubt;
    }
}
