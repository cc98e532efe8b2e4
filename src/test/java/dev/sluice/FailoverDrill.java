package dev.sluice;

import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.Stack;
import io.lettuce.core.KillArgs;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Callers on an edge while the master of their keys dies with writes that no replica has: its link to the replica is cut
 * first, so that the loss is certain and can be counted.
 */
final class FailoverDrill {

    static final Duration SOON = Duration.ofSeconds(90);

    static final String[] SETTINGS = {
        "sluice.redis.timeout", "1s",
        "sluice.operations.signed-url.memory", "1000000/1m",
        "sluice.operations.signed-url.redis", "1000000/1m",
    };

    private static final Logger log = LoggerFactory.getLogger(FailoverDrill.class);
    private static final String APPLY = "rest.rpc.apply_usage";
    static final int CALLERS = 6;
    private static final int LIMIT = 100;
    private static final int SOME = 30;

    private final Stack stack;
    private final List<String> users;
    private final List<String> elsewhere;
    private final Load load;
    private long redisAtHold;
    private long redisAtCut;
    private long redisAtKill;
    private long pendingAtCut;

    /**
     * What came of it.
     *
     * @param failures answers that were neither 200 nor QUOTA_EXCEEDED
     * @param lost answers 200 that the database never counted
     * @param mayBeLost admissions by Redis after the cut, as counted by the edge, and what was in flight
     * @param lostElsewhere the same as {@code lost} of users on masters that lived
     * @param doubled charges that the database counted and nobody was answered
     * @param admittedToLimited answers 200 to the user with a limit
     * @param mostToLimited the limit, and what the database did not know when the master died
     * @param admittedAtFirstRefusal answers 200 to that user when a first answer was QUOTA_EXCEEDED
     * @param leastAtFirstRefusal the limit, less what was pending of that user when the replica was cut off,
     *     since until that is settled the database may have counted it too, and less what was in flight
     */
    record Result(
            List<String> failures,
            long lost,
            long mayBeLost,
            long lostElsewhere,
            long doubled,
            long admittedToLimited,
            long mostToLimited,
            long admittedAtFirstRefusal,
            long leastAtFirstRefusal) {}

    /** The first of {@code users} has a limit that will be reached. */
    FailoverDrill(Stack stack, List<String> users, List<String> elsewhere) {
        this.stack = stack;
        this.users = users;
        this.elsewhere = elsewhere;
        Map<String, String> keys = new HashMap<>();
        users.forEach(user -> keys.put(user, stack.user(user, user.equals(users.get(0)) ? LIMIT : 1_000_000)));
        elsewhere.forEach(user -> keys.put(user, stack.user(user, 1_000_000)));
        load = Load.start(stack, keys, CALLERS);
        awaitMoreFromRedis();
    }

    /** From now on what is charged in Redis stays there: a batch is on its way and takes long. */
    void holdTheDatabase() {
        redisAtHold = admittedByRedis();
        stack.supabase().faults().delay(APPLY, Duration.ofSeconds(5));
        long before = stack.supabase().calls(APPLY);
        await().atMost(SOON).until(() -> stack.supabase().calls(APPLY) > before);
    }

    /** From now on what is charged in Redis is not replicated: the replica cannot log in again. */
    void cut(Redis master, Redis replica) {
        replica.client().configSet("masterauth", "wrong");
        redisAtCut = admittedByRedis();
        master.client().clientKill(KillArgs.Builder.typeSlave());
        String pending = master.client().hget(KeySpace.quota(users.get(0)), "pending");
        pendingAtCut = pending == null ? 0 : Long.parseLong(pending);
        int answered = load.answered();
        await().atMost(SOON).until(() -> load.answered() > answered + SOME);
    }

    void kill(Redis master) {
        master.kill();
        redisAtKill = admittedByRedis();
        stack.supabase().faults().clear();
    }

    /**
     * After the promotion: Redis admits again, and the user with the limit has reached it. Refusals that came too early, for
     * what is counted twice, have ended by then.
     */
    void recover() {
        awaitMoreFromRedis();
        await().atMost(SOON).until(() -> load.refused(users.get(0)) > 0 && load.admitted(users.get(0)) >= LIMIT);
        load.stop();
    }

    private void awaitMoreFromRedis() {
        long before = admittedByRedis();
        await().atMost(SOON).until(() -> admittedByRedis() > before + SOME);
    }

    /** @param masters where streams are, to be empty first */
    Result result(List<Redis> masters) {
        await().atMost(SOON).until(() -> masters.stream().allMatch(FailoverDrill::isDrained));
        Result result = new Result(
                load.failures(),
                lost(users),
                redisAtKill - redisAtCut + CALLERS,
                lost(elsewhere),
                IntStream.range(0, users.size())
                        .mapToLong(i -> Math.max(0, stack.current(users.get(i)) - load.admitted(users.get(i))))
                        .sum(),
                load.admitted(users.get(0)),
                LIMIT + redisAtKill - redisAtHold + CALLERS,
                load.admittedAtFirstRefusal(users.get(0)),
                LIMIT - pendingAtCut - CALLERS);
        log.info("{} answers, {}", load.answered(), result);
        return result;
    }

    private static boolean isDrained(Redis node) {
        return node.client().keys("{p*}:usage").stream()
                .allMatch(stream -> node.client().xlen(stream) == 0);
    }

    private long lost(List<String> some) {
        return some.stream()
                .mapToLong(user -> Math.max(0, load.admitted(user) - stack.current(user)))
                .sum();
    }

    private long admittedByRedis() {
        return (long) stack
                .edge()
                .bean(MeterRegistry.class)
                .find("sluice.admission")
                .tag("source", "redis")
                .tag("verdict", "admitted")
                .counters()
                .stream()
                .mapToDouble(Counter::count)
                .sum();
    }
}
