package dev.sluice.admission;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Stack;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How often a whole request asks Redis, by Redis' own count of commands. */
class OneRoundTripIT {

    private static final int TRIES = 15;

    /** Redis 7 counts the subcommands of a command each for itself. */
    private static final Pattern CALLS = Pattern.compile("cmdstat_([a-z_]+)[^:]*:calls=(\\d+)");

    /** What the usage pipeline, the leases and this test itself send beside any request. */
    private static final Set<String> BACKGROUND =
            Set.of("xadd", "xreadgroup", "xautoclaim", "xpending", "xlen", "xrange", "xinfo", "ping", "info", "config");

    /** The scripts by which an instance keeps its leases and follows the others, by a command that no request needs. */
    private static final Map<String, List<String>> OWN_SCRIPTS = Map.of(
            "zadd", List.of("time", "zremrangebyscore", "pexpire", "zrange"),
            "hgetall", List.of("time", "hset", "pexpire"));

    private static Stack stack;

    @BeforeAll
    static void start() {
        stack = Stack.start(
                "sluice.operations.signed-url.memory", "1000/1h", "sluice.operations.signed-url.redis", "500/1h");
        // No event is settled meanwhile, so that every script call is one of a request.
        stack.supabase().faults().hang("rest.rpc.apply_usage");
    }

    @AfterAll
    static void stop() {
        stack.supabase().faults().clear();
        stack.close();
    }

    @Test
    void anAdmittedRequestOfAKnownCallerAsksOnce() {
        String key = stack.user("known", 1_000);
        sign(key, 2, 200);

        assertMostly(
                counts(key, 200), Map.of("evalsha", 20, "time", 20, "get", 40, "hmget", 20, "hget", 20, "hincrby", 40));
    }

    @Test
    void aRememberedRefusalAsksNothing() {
        String key = stack.user("refused", 1_000);
        sign(key, 500, 200);
        sign(key, 1, 429);

        assertMostly(counts(key, 429), Map.of());
    }

    private static void assertMostly(List<Map<String, Integer>> counts, Map<String, Integer> expected) {
        assertThat(counts.stream().filter(expected::equals))
                .as("%s, mostly, of %s", expected, counts)
                .hasSizeGreaterThan(TRIES - 5);
    }

    /** Of twenty requests, several times: now and then one of them begins a new bucket of its rate window. */
    private static List<Map<String, Integer>> counts(String key, int status) {
        return IntStream.range(0, TRIES)
                .mapToObj(attempt -> {
                    stack.redis().client().configResetstat();
                    sign(key, 20, status);
                    return calls();
                })
                .toList();
    }

    private static void sign(String key, int times, int status) {
        assertThat(IntStream.range(0, times)
                        .mapToObj(n -> stack.sign(key, "photos/" + n + ".png").status()))
                .containsOnly(status);
    }

    private static Map<String, Integer> calls() {
        Map<String, Integer> calls = CALLS.matcher(stack.redis().client().info("commandstats"))
                .results()
                .collect(toMap(
                        (MatchResult command) -> command.group(1),
                        command -> Integer.valueOf(command.group(2)),
                        Integer::sum));
        calls.keySet().removeAll(BACKGROUND);
        OWN_SCRIPTS.forEach((sign, others) -> {
            int times = calls.getOrDefault(sign, 0);
            Stream.concat(Stream.of("evalsha", sign), others.stream())
                    .forEach(command -> calls.merge(command, -times, Integer::sum));
        });
        calls.values().removeIf(count -> count == 0);
        return calls;
    }
}
