package dev.sluice.ledger;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.AdmitReply.Admitted;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.operation.Rate;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Redis;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What one admission of a known user has Redis do, by Redis' own count of commands. */
class AdmissionCommandsIT {

    private static final String USER = "alice";
    private static final Pattern CALLS = Pattern.compile("cmdstat_([a-z]+):calls=(\\d+)");

    private static Redis redis;
    private static LedgerClient instance;

    @BeforeAll
    static void start() {
        redis = Redis.start();
        instance = new LedgerClient(redis);
    }

    @AfterAll
    static void stop() {
        instance.close();
        redis.close();
    }

    @Test
    void readsEachFactOnceAndWritesOnlyWhatChanges() {
        admit(1, 0);
        admit(1, 0);

        assertThat(commandsOf(() -> admit(1, 0)))
                .isEqualTo(Map.of("evalsha", 1, "time", 1, "get", 2, "hmget", 1, "hget", 1, "hincrby", 2, "xadd", 1));
        assertThat(commandsOf(() -> admit(1, 5)))
                .isEqualTo(Map.of("evalsha", 1, "time", 1, "get", 2, "hmget", 1, "hget", 1, "hincrby", 3, "xadd", 1));
        assertThat(redis.client().pttl(KeySpace.quota(USER))).isEqualTo(-1);
        assertThat(redis.client().pttl(KeySpace.rate(USER, "upload", 86_400)))
                .isGreaterThan(Duration.ofDays(1).toMillis());
    }

    private static void admit(long amount, long bytes) {
        AdmitRequest request = new AdmitRequest(
                USER,
                List.of(new RateCheck("upload", Rate.parse("1000/1d"), 1)),
                new Charge("event-" + System.nanoTime(), "{}", amount, bytes, null),
                List.of(new BucketCheck("photos", 'w', null)),
                false,
                FactsMode.ASK);
        assertThat(instance.admit(
                                request,
                                new QuotaRow(USER, 0, 100L, 0, 100L, null, 1),
                                new Verdicts("photos", true, true))
                        .block())
                .isInstanceOf(Admitted.class);
    }

    private static Map<String, Integer> commandsOf(Runnable work) {
        redis.client().configResetstat();
        work.run();
        Map<String, Integer> calls = CALLS.matcher(redis.client().info("commandstats"))
                .results()
                .collect(
                        toMap((MatchResult command) -> command.group(1), command -> Integer.valueOf(command.group(2))));
        calls.keySet().removeAll(List.of("info", "config"));
        return calls;
    }
}
