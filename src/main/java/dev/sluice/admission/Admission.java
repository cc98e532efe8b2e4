package dev.sluice.admission;

import dev.sluice.exchange.Attribute;
import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.Flight;
import dev.sluice.ledger.RateCheck;
import dev.sluice.ledger.ShadowCheck;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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
    private @Nullable Mono<Void> decision;
    private final List<Claim.Bucket> buckets = new ArrayList<>(1);
    private final Map<Object, ShadowCheck> shadows = new LinkedHashMap<>(2);
    private boolean shadowsJudged;
    private final Set<String> deniedBuckets = new HashSet<>();
    private boolean anyBucket;
    private GiveBack giveBack = GiveBack.NOTHING;
    private @Nullable String eventId;
    private @Nullable Duration repeatableFor;
    private boolean repetition;
    private boolean reserves;
    private boolean refundable = true;
    private FailureHook onFailure = hadNoEffect -> Mono.just(true);
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
        if (isOpen() && !isClaimed(claim.operation())) {
            rateLimits.add(claim);
        }
    }

    private boolean isClaimed(String operation) {
        for (Claim.RateLimit known : rateLimits) {
            if (known.operation().equals(operation)) {
                return true;
            }
        }
        return false;
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
        if (isOpen() && !buckets.contains(claim)) {
            buckets.add(claim);
        }
    }

    /**
     * What a filter in shadow mode would claim. It is none of the claims: whatever comes of it changes nothing for the
     * request.
     *
     * @param filter whose it is; it has one, however often a retry runs it
     */
    void shadow(Object filter, ShadowCheck check) {
        if (isOpen() && !shadowsJudged) {
            shadows.put(filter, check);
        }
    }

    /** From now on it is enough that one of the buckets is granted; which are not is told by {@link #isDenied}. */
    void contentWithAnyBucket() {
        anyBucket = true;
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
            buckets.clear();
            anyBucket = false;
            shadows.clear();
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
        return rateLimits.isEmpty() && quota == null && buckets.isEmpty() && flight == null;
    }

    List<ShadowCheck> shadows() {
        return List.copyOf(shadows.values());
    }

    /** True once, for who judges the shadows of a request that claims nothing. */
    boolean judgeShadows() {
        boolean first = !shadows.isEmpty() && !shadowsJudged;
        shadowsJudged = true;
        return first;
    }

    List<Claim.RateLimit> rateLimits() {
        return rateLimits;
    }

    /** What the rate limits check, in the order in which they were claimed. */
    List<RateCheck> checks() {
        if (rateLimits.size() == 1) {
            return rateLimits.get(0).checks();
        }
        List<RateCheck> checks = new ArrayList<>(2);
        rateLimits.forEach(claim -> checks.addAll(claim.checks()));
        return checks;
    }

    Claim.@Nullable Quota quota() {
        return quota;
    }

    List<Claim.Bucket> buckets() {
        return buckets;
    }

    boolean isContentWithAnyBucket() {
        return anyBucket;
    }

    void denied(Claim.Bucket claim) {
        deniedBuckets.add(claim.bucket());
    }

    /** Whether the caller may not use this one of several buckets, though the request was admitted. */
    public boolean isDenied(String bucket) {
        return deniedBuckets.contains(bucket);
    }

    /** Asked when an admitted or refused request has failed. */
    @FunctionalInterface
    public interface FailureHook {

        /**
         * Completes, without an error, with whether what was charged may be given back.
         *
         * @param hadNoEffect whether the operation cannot have happened
         */
        Mono<Boolean> failed(boolean hadNoEffect);
    }

    /** What bytes it charges are given back some time after its success, if they are not used. */
    public void reserves() {
        reserves = true;
    }

    /**
     * This request may be a repetition, or be repeated. A repetition that reserves bytes charges under an id of its own
     * nevertheless: those of an earlier attempt may be given back while what this one hands out is still good.
     *
     * @param id the event id to charge under, the same for every repetition
     * @param first whether nothing was charged under it before; if not, the charge is an earlier request's too and is never
     *     given back by this one
     * @param life for how long a repetition may come
     */
    public void chargeUnder(String id, boolean first, Duration life, FailureHook hook) {
        boolean own = !first && reserves && quota != null && quota.bytes() > 0;
        eventId = own ? null : id;
        repeatableFor = own ? null : life;
        repetition = !first && !own;
        refundable = first || own;
        onFailure = own ? hadNoEffect -> hook.failed(hadNoEffect).thenReturn(hadNoEffect) : hook;
    }

    @Nullable String eventId() {
        return eventId;
    }

    /** Whether no earlier request lives on this one's charge. */
    public boolean isChargeItsOwn() {
        return refundable;
    }

    /** Whether a later request may live on this one's charge, if it has no answer. */
    public boolean isRepeatable() {
        return eventId != null;
    }

    /** For how long the event that is charged may come again; null for never. */
    @Nullable Duration repeatableFor() {
        return repeatableFor;
    }

    /** Whether an earlier request may have charged the event already. */
    boolean isRepetition() {
        return repetition;
    }

    /** Completes with whether what was charged, or a part of it, may be given back now that the request has ended. */
    Mono<Boolean> mayGiveBack(boolean failed, boolean hadNoEffect) {
        return failed ? onFailure.failed(hadNoEffect) : Mono.just(refundable);
    }

    /** What was charged for a part that was not done; it is given back when the request ends. */
    record GiveBack(int items, int of, long bytes) {
        static final GiveBack NOTHING = new GiveBack(0, 1, 0);

        boolean isNothing() {
            return items == 0;
        }

        /** The refund's requests: each item was charged the same. */
        long amount(UsageEvent charge) {
            return charge.amount() / of * items;
        }

        /** The refund's bytes; none if no bytes were claimed. */
        long bytes(UsageEvent charge) {
            return Math.min(bytes, charge.bytes());
        }
    }

    /**
     * Some of the operations that were charged were not done: their share is given back when the request ends, unless all
     * of it is.
     *
     * @param items how many were not done
     * @param of how many were charged
     * @param bytes what was declared for those that were not done
     */
    public synchronized void giveBack(int items, int of, long bytes) {
        giveBack = new GiveBack(items, of, bytes);
    }

    synchronized GiveBack toGiveBack() {
        return giveBack;
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
    public synchronized @Nullable UsageEvent charge() {
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

    /** Whether the operation may have had its effect. */
    public synchronized boolean isInDoubt() {
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
