package dev.sluice.admission;

import dev.sluice.exchange.Attribute;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.Flight;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * What one request claims, and what became of it. Filled by the claim filters before the decision and read after it. Only
 * the end of a request that was cut off may come from another thread, at any moment: what it decides on (what is charged,
 * and whether the operation may have happened) is under one lock, which is held for a few instructions.
 */
public final class Admission {

    private static final Attribute<Admission> ATTRIBUTE = Attribute.of(Admission.class);

    private final List<Claim.RateLimit> rateLimits = new ArrayList<>(1);
    private final Set<Object> quotaFilters = new HashSet<>(2);
    private Claim.@Nullable Quota quota;
    private Claim.@Nullable Bucket bucket;
    private @Nullable Mono<Void> decision;
    private volatile boolean settled;
    private boolean finished;
    private boolean inDoubt;
    private @Nullable UsageEvent charge;
    private boolean watched;
    private @Nullable Transfer transfer;
    private @Nullable Flight flight;
    private boolean flightAsked;
    private @Nullable Runnable flightOver;
    private volatile @Nullable Long maxSize;

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
        if (isOpen() && rateLimits.stream().noneMatch(known -> known.operation().equals(claim.operation()))) {
            rateLimits.add(claim);
        }
    }

    /**
     * Several quota claims add up: requests and bytes are charged by one event.
     *
     * @param filter who claims; it claims once, however often a retry runs it
     */
    void claim(Object filter, Claim.Quota claim) {
        if (isOpen() && quotaFilters.add(filter)) {
            quota = quota == null ? claim : quota.plus(claim);
        }
    }

    void claim(Claim.Bucket claim) {
        if (isOpen()) {
            bucket = claim;
        }
    }

    /** Claims that come after the decision are those of a retry or a {@code forward:}, which reuse it. */
    private boolean isOpen() {
        return decision == null;
    }

    /** The exchange was handed to another route, which declares its own claims; what is decided stays so. */
    void forwarded() {
        if (isOpen()) {
            rateLimits.clear();
            quotaFilters.clear();
            quota = null;
            bucket = null;
        }
    }

    /**
     * The decision on all claims: {@code decide} the first time, and the same for whoever asks again, be it a refusal, an
     * error or one still on its way. Whoever no longer waits for it does not end it.
     */
    Mono<Void> decided(Supplier<Mono<Void>> decide) {
        if (decision == null) {
            decision = decide.get().doOnSuccess(done -> settled = true).cache();
        }
        return decision;
    }

    void claim(Flight claim) {
        if (isOpen()) {
            flight = claim;
        }
    }

    boolean isEmpty() {
        return rateLimits.isEmpty() && quota == null && bucket == null && flight == null;
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

    @Nullable Flight flight() {
        return flight;
    }

    /** Redis is asked to count the upload, so that it may. */
    synchronized void flightAsked() {
        flightAsked = flight != null;
    }

    /** Redis has refused something, and does not count the upload. */
    synchronized void flightRefused() {
        flightAsked = false;
    }

    /** Redis counts the upload; one that was cut off before this answer ends now. */
    synchronized void flightCounted() {
        if (flightOver != null) {
            flightOver.run();
        }
    }

    /** The upload has ended. */
    synchronized void flightOver(Runnable release) {
        flightOver = release;
        if (flightAsked) {
            release.run();
        }
    }

    /** Whether all claims hold. */
    boolean isSettled() {
        return settled;
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

    /** What the request stores passes through here: what does not pass is given back when the request has ended. */
    public synchronized void transfer(Transfer body) {
        transfer = body;
    }

    /** The body that is metered; null if none is. */
    synchronized @Nullable Transfer transfer() {
        return transfer;
    }

    /** The most bytes that this request may store, as its operation and the caller's plan have it; null for no limit. */
    public @Nullable Long maxSize() {
        return maxSize;
    }

    void maxSize(@Nullable Long bytes) {
        maxSize = bytes;
    }
}
