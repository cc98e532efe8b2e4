package dev.sluice.management;

import dev.sluice.management.InstanceMemory.Part;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.Script;
import io.lettuce.core.XAddArgs;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Tells every instance what to forget of a user, by a log in Redis that each of them reads from where it was, so that one
 * which could not reach Redis learns of it as soon as it can; docs/decisions/0007 says why. Each notes in Redis how far it has
 * come, so that whoever told them can say how many have forgotten.
 */
final class Instances {

    /** How long another instance may still use what it remembers, if it was not woken. */
    static final Duration EVERY = Duration.ofSeconds(1);

    /** A message wakes whoever may listen; the log is what counts. */
    static final String CHANNEL = "sluice:usercache";

    private static final Logger log = LoggerFactory.getLogger(Instances.class);
    private static final Script FOLLOW = Script.load(Instances.class, "follow");
    private static final Script REACHED = Script.load(Instances.class, "reached");
    private static final String LOG = "sluice:usercache";
    private static final String LIVING = "sluice:instances{" + LOG + "}";
    private static final String USER = "user";
    private static final String PART = "part";

    /** Entries; an instance that has missed more forgets everybody. */
    private static final long KEPT = 1000;

    /** After which an instance that was not heard of is not waited for. */
    private static final Duration LIFE = Duration.ofSeconds(5);

    private static final Duration LOOK_EVERY = Duration.ofMillis(25);
    private static final Duration PATIENCE = EVERY.multipliedBy(2);

    /**
     * What became of a message.
     *
     * @param live instances that reach Redis
     * @param done of these have forgotten
     */
    record Reached(long live, long done) {}

    private final String id = UUID.randomUUID().toString();
    private final InstanceMemory memory;
    private final RedisConnection redis;
    private volatile @Nullable String position;

    Instances(InstanceMemory memory, RedisConnection redis) {
        this.memory = memory;
        this.redis = redis;
    }

    /**
     * Tells all instances, this one too. Completes when all have forgotten, or after 2 s; fails with a
     * {@code RedisUnavailableException} if it is not known that they will.
     *
     * @param wake completes when those who listen were woken
     */
    Mono<Reached> tell(Part part, String userId, Mono<Void> wake) {
        return redis.call(commands -> commands.xadd(
                        LOG,
                        XAddArgs.Builder.maxlen(KEPT),
                        Map.of(USER, userId, PART, part.name().toLowerCase(Locale.ROOT))))
                .flatMap(entry ->
                        memory.forget(part, userId).onErrorComplete().then(wake).then(reached(entry)));
    }

    private Mono<Reached> reached(String entry) {
        return Flux.interval(Duration.ZERO, LOOK_EVERY)
                .onBackpressureDrop()
                .concatMap(tick -> reachedNow(entry), 1)
                .takeUntil(reached -> reached.live() > 0 && reached.done() == reached.live())
                .take(PATIENCE)
                .takeLast(1)
                .single(new Reached(0, 0));
    }

    private Mono<Reached> reachedNow(String entry) {
        return redis.eval(REACHED, new String[] {LIVING}, entry, Long.toString(LIFE.toMillis()))
                .map(reply -> new Reached((Long) reply.get(0), (Long) reply.get(1)));
    }

    /** Forgets what the log names since the last time; all that it names, the first time. Never fails. Not twice at a time. */
    Mono<Void> follow() {
        return step().expand(read -> read > 0 ? step() : Mono.empty()).then().onErrorResume(error -> {
            log.debug("Who was to be forgotten is asked again: {}", error.toString());
            return Mono.empty();
        });
    }

    /** Completes with how many entries were new. */
    private Mono<Integer> step() {
        return Mono.defer(() -> {
            String last = position;
            return redis.eval(
                            FOLLOW,
                            new String[] {LOG, LIVING},
                            id,
                            last == null ? "" : last,
                            Long.toString(LIFE.toMillis()))
                    .flatMap(entries -> step(last, entries));
        });
    }

    private Mono<Integer> step(@Nullable String last, List<Object> entries) {
        if (last != null && (entries.isEmpty() || !entryId(entries.get(0)).equals(last))) {
            log.warn("Redis has lost who was to be forgotten: everybody's identity and bucket verdicts are");
            memory.forgetAll();
        }
        List<Object> fresh =
                entries.stream().filter(entry -> !entryId(entry).equals(last)).toList();
        return Flux.fromIterable(fresh)
                .concatMap(entry -> forget(fields(entry)).onErrorComplete())
                .then(Mono.fromSupplier(() -> {
                    position = entries.isEmpty() ? null : entryId(entries.get(entries.size() - 1));
                    return fresh.size();
                }));
    }

    /** Entries of an older version name no part. */
    private Mono<Void> forget(Map<String, String> entry) {
        Part part = "rates".equals(entry.get(PART)) ? Part.RATES : Part.CACHE;
        return memory.forget(part, String.valueOf(entry.get(USER)));
    }

    private static String entryId(Object entry) {
        return String.valueOf(((List<?>) entry).get(0));
    }

    private static Map<String, String> fields(Object entry) {
        List<?> pairs = (List<?>) ((List<?>) entry).get(1);
        Map<String, String> fields = new HashMap<>();
        for (int i = 0; i + 1 < pairs.size(); i += 2) {
            fields.put(String.valueOf(pairs.get(i)), String.valueOf(pairs.get(i + 1)));
        }
        return fields;
    }
}
