package dev.sluice.usage;

import dev.sluice.redis.KeySpace;
import dev.sluice.supabase.DatabaseRejectedException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Scheduler;

/**
 * Brings this instance's share of the usage streams to the database, round by round.
 *
 * <p>A round reads until it has a few batches, and ends when they are settled, in lanes: each partition belongs to one.
 * Under a backlog round follows round; idle, the pause between them grows a little. A lane that waits for the database, be it
 * for a single locked row, is left behind after a moment: rounds go on without its partitions until it is settled. So what
 * is held in memory is bounded, and the rest stays in Redis. For Redis nothing waits: what it did not acknowledge is read
 * again, before anything newer of its partition, once Redis answers there.
 */
public final class UsageWorker implements SmartLifecycle {

    /** After the recorder has written its last event, before the management port closes. */
    static final int PHASE = UsageRecorder.PHASE - 128;

    private static final Logger log = LoggerFactory.getLogger(UsageWorker.class);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(250);
    private static final Duration FAILURE_PAUSE = Duration.ofSeconds(1);
    private static final Duration FORGET_EVERY = Duration.ofMinutes(10);
    private static final Duration FORGET_AFTER = Duration.ofHours(1);

    /** How long a stop waits for the round in progress; a round that is cut off is as one of an instance that died. */
    private static final Duration PATIENCE = Duration.ofSeconds(3);

    private static final Duration LEAVE_LIMIT = Duration.ofSeconds(1);
    private static final int BATCHES_PER_ROUND = 4;
    private static final int READS_AT_ONCE = 16;

    /** A batch waits for the database and then for Redis; one after the other they would be slower than what comes in. */
    static final int LANES = 4;

    private final UsageStream stream;
    private final Leases leases;
    private final Settlement settlement;
    private final Backoff backoff;
    private final Scheduler scheduler;
    private final int batchSize;
    private final Duration flushInterval;
    private final Duration claimIdle;
    private final Timetable heartbeat;
    private final Timetable claims;
    private final Timetable forgetting;
    private final String[] claimCursors = new String[KeySpace.PARTITIONS];

    /** By partition, the entry after which this consumer's own are read once more; null where all of them are settled. */
    private final @Nullable String[] again = new String[KeySpace.PARTITIONS];

    private final IntPredicate answering;
    private final Set<Integer> unsettled = ConcurrentHashMap.newKeySet();
    private final Duration laneLimit;
    private int next;
    private Duration pause;
    private boolean failing;
    private volatile @Nullable Throwable failure;
    private volatile boolean unexpected;
    private volatile Sinks.@Nullable Empty<Void> ended;
    private volatile Sinks.Empty<Void> stop = Sinks.empty();

    /**
     * @param scheduler where entries are read and batches are made
     * @param nanos a monotonic clock
     * @param claimIdle after what silence an entry is taken from the consumer that read it; a round waits for a lane for a
     *     sixth of that
     * @param answering whether Redis answers in a partition, as somebody else finds who asks all the time
     */
    UsageWorker(
            UsageStream stream,
            Leases leases,
            Settlement settlement,
            Backoff backoff,
            UsageProperties properties,
            Scheduler scheduler,
            LongSupplier nanos,
            Duration claimIdle,
            IntPredicate answering) {
        this.stream = stream;
        this.leases = leases;
        this.settlement = settlement;
        this.backoff = backoff;
        this.scheduler = scheduler;
        this.batchSize = properties.batchSize();
        this.flushInterval = properties.flushInterval();
        this.claimIdle = claimIdle;
        this.answering = answering;
        this.heartbeat = new Timetable(nanos, Leases.HEARTBEAT);
        this.claims = new Timetable(nanos, claimIdle.dividedBy(6));
        this.laneLimit = claimIdle.dividedBy(6);
        this.forgetting = new Timetable(nanos, FORGET_EVERY);
        this.pause = flushInterval;
        Arrays.fill(claimCursors, "0-0");
    }

    @Override
    public void start() {
        Sinks.Empty<Void> end = Sinks.empty();
        Sinks.Empty<Void> stopping = Sinks.empty();
        ended = end;
        stop = stopping;
        backoff.start();
        heartbeat.hurry();
        var unused = Mono.defer(this::round)
                .onErrorResume(error -> {
                    failure = error;
                    return Mono.just(0);
                })
                .flatMap(this::rest)
                .subscribeOn(scheduler)
                .repeat(() -> ended == end)
                .takeUntilOther(stopping.asMono().then(Mono.delay(PATIENCE, scheduler)))
                .then(Mono.defer(leases::leave).timeout(LEAVE_LIMIT, scheduler).onErrorComplete())
                .doFinally(signal -> end.tryEmitEmpty())
                .toFuture();
    }

    /** Lets the round in progress end, waiting no longer than a moment, and leaves the partitions to others. */
    @Override
    public void stop(Runnable callback) {
        Sinks.Empty<Void> end = ended;
        ended = null;
        backoff.stop();
        stop.tryEmitEmpty();
        if (end == null) {
            callback.run();
        } else {
            var unused = end.asMono().doFinally(signal -> callback.run()).toFuture();
        }
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public boolean isRunning() {
        return ended != null;
    }

    @Override
    public int getPhase() {
        return PHASE;
    }

    /** Answers how many entries were brought to their end. */
    private Mono<Integer> round() {
        return renew().then(Mono.defer(this::forget))
                .then(Mono.defer(this::claim))
                .flatMap(this::read)
                .publishOn(scheduler)
                .flatMap(deliveries -> process(deliveries).thenReturn(deliveries.size()));
    }

    private Mono<Void> renew() {
        return heartbeat.isDue() ? leases.renew().onErrorResume(this::noted) : Mono.empty();
    }

    private Mono<Void> forget() {
        return forgetting.isDue()
                ? Flux.fromIterable(leases.owned())
                        .flatMap(
                                partition -> stream.forgetConsumers(partition, FORGET_AFTER)
                                        .onErrorResume(this::noted),
                                READS_AT_ONCE)
                        .then()
                : Mono.empty();
    }

    private Mono<List<Delivery>> claim() {
        List<Integer> free = free();
        if (free.isEmpty() || !claims.isDue()) {
            return Mono.just(List.of());
        }
        int each = Math.max(1, BATCHES_PER_ROUND * batchSize / free.size());
        return Flux.fromIterable(free)
                .flatMap(partition -> claim(partition, each), READS_AT_ONCE)
                .collectList()
                .map(lists -> {
                    List<Delivery> claimed =
                            lists.stream().flatMap(List::stream).toList();
                    if (!claimed.isEmpty()) {
                        claims.hurry();
                    }
                    return claimed;
                });
    }

    private Mono<List<Delivery>> claim(int partition, int count) {
        return stream.claim(partition, claimCursors[partition], claimIdle, count)
                .map(claim -> {
                    claimCursors[partition] = claim.cursor();
                    return claim.deliveries();
                })
                .onErrorResume(error -> unanswered(partition, error));
    }

    /** Reads the partitions in turn until there is enough for a round; the next one goes on where this one ends. */
    private Mono<List<Delivery>> read(List<Delivery> claimed) {
        List<Integer> order = free();
        int before =
                (int) order.stream().filter(partition -> turn(partition) < next).count();
        Collections.rotate(order, -before);
        List<Delivery> gathered = new ArrayList<>(claimed);
        return Flux.fromIterable(order)
                .buffer(READS_AT_ONCE)
                .concatMap(
                        partitions -> Flux.fromIterable(partitions)
                                .flatMap(this::read, READS_AT_ONCE)
                                .collectList()
                                .doOnNext(lists -> {
                                    lists.forEach(gathered::addAll);
                                    next = turn(partitions.get(partitions.size() - 1)) + 1;
                                }),
                        1)
                .takeUntil(read -> gathered.size() >= BATCHES_PER_ROUND * batchSize)
                .then(Mono.fromSupplier(() -> gathered));
    }

    /**
     * A frozen server carries out what it had received when it thaws, so entries may have been given to this instance in an
     * answer that it never saw: they are asked for again, and not left until they count as abandoned. Nothing else of this
     * consumer's is unfinished in a partition whose lane is settled.
     */
    private Mono<List<Delivery>> read(int partition) {
        String after = again[partition];
        Mono<List<Delivery>> next = after == null
                ? stream.read(partition, batchSize)
                : stream.readAgain(partition, after, batchSize)
                        .doOnNext(left -> again[partition] = left.size() < batchSize
                                ? null
                                : left.get(left.size() - 1).entryId());
        return next.onErrorResume(error -> unanswered(partition, error));
    }

    private <T> Mono<T> unanswered(int partition, Throwable error) {
        again[partition] = "0";
        return noted(error);
    }

    /**
     * In lanes if there is more than one batch, or if it does not pass at once: it may be a single event that it waits for.
     * Then the round goes on.
     */
    private Mono<Void> process(List<Delivery> deliveries) {
        List<Delivery.Usable> usable = of(Delivery.Usable.class, deliveries);
        if (deliveries.isEmpty() || usable.size() < deliveries.size() || usable.size() > batchSize) {
            return settleInLanes(deliveries, laneLimit);
        }
        return settlement
                .attempt(usable)
                .onErrorResume(
                        error -> ended != null
                                && (Backoff.isPassing(error) || error instanceof DatabaseRejectedException),
                        error -> {
                            if (Backoff.isPassing(error)) {
                                backoff.repeated();
                            }
                            return settleInLanes(deliveries, Duration.ZERO);
                        });
    }

    /**
     * All of a user's events are in one lane: a row that has a later batch in it, taken over while the charges of an earlier
     * one are still pending, would count those twice until they are settled.
     *
     * @param patience how long a lane is waited for; it is settled all the same
     */
    private Mono<Void> settleInLanes(List<Delivery> deliveries, Duration patience) {
        Map<Integer, List<Delivery>> lanes =
                deliveries.stream().collect(Collectors.groupingBy(one -> lane(one.partition())));
        return Flux.fromIterable(lanes.entrySet())
                .flatMap(
                        lane -> settleLane(lane.getKey(), lane.getValue())
                                .or(Mono.delay(patience, scheduler).then()),
                        LANES)
                .then();
    }

    /** Ends by itself, also when nobody waits for it. */
    private Mono<Void> settleLane(int lane, List<Delivery> deliveries) {
        return Flux.fromIterable(of(Delivery.Usable.class, deliveries))
                .buffer(batchSize)
                .takeWhile(batch -> ended != null)
                .concatMap(settlement::settle, 1)
                .thenMany(Flux.fromIterable(of(Delivery.Unusable.class, deliveries)))
                .concatMap(one -> settlement.bury(one, one.error()))
                .then()
                .onErrorResume(error -> {
                    if (!Backoff.isPassing(error)) {
                        unexpected = true;
                    } else if (ended != null) {
                        backoff.repeated();
                    }
                    deliveries.forEach(unfinished -> again[unfinished.partition()] = "0");
                    return noted(error);
                })
                .doOnSubscribe(begun -> unsettled.add(lane))
                .doOnTerminate(() -> unsettled.remove(lane))
                .cache();
    }

    private static <T extends Delivery> List<T> of(Class<T> kind, List<Delivery> deliveries) {
        return deliveries.stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** Multiplied so that the share of an instance, each second, third … partition, is spread over all lanes. */
    static int lane(int partition) {
        return (33 * partition >> 4) % LANES;
    }

    /** When it is a partition's turn to be read: any few that follow each other are of all lanes. */
    static int turn(int partition) {
        return partition % 16 * LANES + partition / 16;
    }

    /** The partitions of this instance that may be read, by their turns. */
    private List<Integer> free() {
        return leases.owned().stream()
                .filter(partition -> !unsettled.contains(lane(partition)) && !isLeftAlone(partition))
                .sorted(Comparator.comparing(UsageWorker::turn))
                .collect(Collectors.toCollection(ArrayList::new));
    }

    /** Its server did not answer here, nor does it answer the backlog's count: each call would cost the round a timeout. */
    private boolean isLeftAlone(int partition) {
        return again[partition] != null && !answering.test(partition);
    }

    private <T> Mono<T> noted(Throwable error) {
        failure = error;
        return Mono.empty();
    }

    /** The pause after a round; tells of failures when they begin and when they end, not each time. */
    private Mono<Long> rest(int handled) {
        Throwable error = failure;
        failure = null;
        boolean failed = error != null || leases.owned().stream().anyMatch(this::isLeftAlone);
        if (failing != failed && ended != null) {
            failing = failed;
            if (failed) {
                log.warn("Usage streams cannot be worked on, and are tried again", error);
            } else {
                log.info("Usage streams are worked on again");
            }
        }
        boolean pausing = unexpected;
        unexpected = false;
        if (handled >= batchSize && !pausing) {
            return Mono.empty();
        }
        Duration grown = pause.multipliedBy(5).dividedBy(4);
        Duration longest = flushInterval.compareTo(LONGEST_PAUSE) > 0 ? flushInterval : LONGEST_PAUSE;
        pause = handled > 0 ? flushInterval : grown.compareTo(longest) < 0 ? grown : longest;
        return Mono.delay(error != null ? FAILURE_PAUSE : pause, scheduler);
    }
}
