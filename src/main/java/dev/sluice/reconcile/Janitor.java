package dev.sluice.reconcile;

import dev.sluice.redis.RedisConnection;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;

/**
 * Looks for rate windows without an expiry and gives them one. The admission script cannot leave any, so a single one is
 * worth a warning: something else writes to these keys.
 */
public final class Janitor {

    static final Duration INTERVAL = Duration.ofMinutes(1);

    private static final Logger log = LoggerFactory.getLogger(Janitor.class);
    private static final String JOB = "janitor";
    private static final String WINDOWS = "{p*}:rl:*";
    private static final int CHUNK = 500;
    private static final long NO_EXPIRY = -1;

    /** For a key whose name does not tell its window: the longest that is usual. */
    private static final Duration UNKNOWN_WINDOW = Duration.ofDays(1);

    private final RedisConnection redis;
    private final KeyScan scan;
    private final Locks locks;
    private final Scheduler scheduler;
    private final Counter repaired;

    /** @param scheduler whose threads may block */
    Janitor(RedisConnection redis, KeyScan scan, Locks locks, Scheduler scheduler, MeterRegistry metrics) {
        this.redis = redis;
        this.scan = scan;
        this.locks = locks;
        this.scheduler = scheduler;
        this.repaired = Counter.builder("sluice.janitor.repaired")
                .description("Rate windows that had no expiry and were given one")
                .register(metrics);
    }

    /**
     * Looks now, and answers how many windows were given an expiry; empty if another instance is at it. Fails if Redis
     * cannot be reached.
     */
    public Mono<Long> sweep() {
        return Mono.fromCallable(this::sweepHere).subscribeOn(scheduler);
    }

    /** A scheduled run: once per interval over all instances. Blocks. */
    void sweepInTurn() {
        try {
            if (locks.takeTurn(JOB, INTERVAL)) {
                var unused = sweepHere();
            }
        } catch (RuntimeException e) {
            log.warn("The janitor's round is skipped: {}", e.toString());
        }
    }

    private @Nullable Long sweepHere() {
        Long found = locks.exclusively(JOB, () -> repair().blockOptional().orElse(0L));
        if (found != null && found > 0) {
            repaired.increment(found);
            log.warn("{} rate windows had no expiry; something else than Sluice writes to them", found);
        }
        return found;
    }

    private Mono<Long> repair() {
        return scan.keys(WINDOWS).buffer(CHUNK).concatMap(this::repair, 1).reduce(0L, Long::sum);
    }

    private Mono<Long> repair(List<String> keys) {
        return Flux.fromIterable(keys)
                .flatMap(
                        key -> redis.call(commands -> commands.pttl(key))
                                .filter(millis -> millis == NO_EXPIRY)
                                .flatMap(none -> redis.call(commands ->
                                        commands.pexpire(key, lifetime(key).toMillis())))
                                .filter(Boolean::booleanValue),
                        CHUNK)
                .count();
    }

    /** A window and a tenth, as the admission script gives it. */
    static Duration lifetime(String key) {
        String seconds = key.substring(key.lastIndexOf(':') + 1);
        boolean known =
                !seconds.isEmpty() && seconds.length() < 10 && seconds.chars().allMatch(Character::isDigit);
        Duration window = known ? Duration.ofSeconds(Math.max(1, Long.parseLong(seconds))) : UNKNOWN_WINDOW;
        return window.plus(window.dividedBy(10));
    }
}
