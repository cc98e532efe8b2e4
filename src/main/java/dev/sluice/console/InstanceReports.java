package dev.sluice.console;

import dev.sluice.redis.KeySpace;
import dev.sluice.redis.RedisConnection;
import io.lettuce.core.Range;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.DisposableBean;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tells the other instances of this one and hears of them, through Redis. Each report is a key of its own that expires; a set
 * holds their ids. Every command has one key, so that a Cluster is no different.
 */
final class InstanceReports implements DisposableBean {

    static final int EVERY_SECONDS = 5;

    /** After what silence an instance is not counted any more. */
    static final int KEPT_SECONDS = 15;

    /** How many are heard at most: those that told of themselves last. */
    static final int MOST = 200;

    private static final Logger log = LoggerFactory.getLogger(InstanceReports.class);
    private static final Duration KEPT = Duration.ofSeconds(KEPT_SECONDS);
    private static final Duration ID_KEPT = Duration.ofMinutes(2);
    private static final Duration LEAVE_LIMIT = Duration.ofMillis(500);
    private static final int AT_ONCE = 32;

    /** Characters; a report of {@value Figures#MAX_SERIES} series has fewer. */
    private static final int LONGEST = 256 * 1024;

    private final RedisConnection redis;
    private final OwnReport own;
    private final JsonMapper json;
    private final Clock clock;
    private final Counter failures;

    InstanceReports(RedisConnection redis, OwnReport own, JsonMapper json, Clock clock, MeterRegistry metrics) {
        this.redis = redis;
        this.own = own;
        this.json = json;
        this.clock = clock;
        this.failures = Counter.builder("sluice.console.untold")
                .description("Times this instance could not tell the others of itself")
                .register(metrics);
    }

    /** @param ageSeconds since it was told */
    record Heard(InstanceReport report, double ageSeconds) {}

    /** Tells of this instance as it is now. Never fails; a failure is counted. */
    Mono<Void> tell() {
        return Mono.fromCallable(own::take)
                .subscribeOn(Schedulers.boundedElastic())
                .flatMap(this::write)
                .onErrorResume(error -> {
                    failures.increment();
                    log.debug("The other instances are not told of this one: {}", error.toString());
                    return Mono.empty();
                });
    }

    private Mono<Void> write(InstanceReport report) {
        String text = json.writeValueAsString(report);
        long now = clock.millis();
        return redis.call(commands -> commands.psetex(KeySpace.instance(own.id()), KEPT.toMillis(), text))
                .then(redis.call(commands -> commands.zadd(KeySpace.instances(), (double) now, own.id())))
                .then(redis.call(commands -> commands.zremrangebyscore(
                        KeySpace.instances(),
                        Range.from(Range.Boundary.unbounded(), Range.Boundary.including(now - ID_KEPT.toMillis())))))
                .then(redis.call(commands -> commands.pexpire(KeySpace.instances(), ID_KEPT)))
                .then();
    }

    /** Those of the others that told of themselves lately. Fails with {@code RedisUnavailableException}. */
    Mono<List<Heard>> others() {
        return redis.call(commands -> commands.zrange(KeySpace.instances(), -MOST, -1))
                .flatMapMany(Flux::fromIterable)
                .filter(id -> !id.equals(own.id()))
                .flatMapSequential(this::hear, AT_ONCE)
                .collectList();
    }

    private Mono<Heard> hear(String id) {
        return redis.call(commands -> commands.get(KeySpace.instance(id)))
                .filter(text -> text.length() <= LONGEST)
                .flatMap(text -> redis.call(commands -> commands.pttl(KeySpace.instance(id)))
                        .filter(left -> left > 0)
                        .publishOn(Schedulers.boundedElastic())
                        .flatMap(left -> Mono.justOrEmpty(parse(text))
                                .map(report -> new Heard(report, (KEPT.toMillis() - left) / 1000.0))));
    }

    /** Null for what another version wrote. */
    private @Nullable InstanceReport parse(String text) {
        try {
            return json.readValue(text, InstanceReport.class);
        } catch (JacksonException e) {
            return null;
        }
    }

    /** Leaves at once, so that what it did last is not added to what the others do now. Blocks, for a moment. */
    @Override
    public void destroy() {
        redis.call(commands -> commands.del(KeySpace.instance(own.id())))
                .then(redis.call(commands -> commands.zrem(KeySpace.instances(), own.id())))
                .timeout(LEAVE_LIMIT)
                .onErrorComplete()
                .block();
    }
}
