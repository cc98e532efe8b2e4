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

        assertThat(counts(key, 200))
                .contains(Map.of("evalsha", 20, "time", 20, "get", 40, "hmget", 20, "hget", 20, "hincrby", 40));
    }

    @Test
    void aRememberedRefusalAsksNothing() {
        String key = stack.user("refused", 1_000);
        sign(key, 500, 200);
        sign(key, 1, 429);

        assertThat(counts(key, 429)).contains(Map.of());
    }

    /** Of twenty requests, several times: now and then an instance renews its leases meanwhile, which is a script too. */
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
        return calls;
    }
}
