package dev.sluice.ledger;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.AdmitReply.Admitted;
import dev.sluice.ledger.AdmitReply.Decided;
import dev.sluice.ledger.AdmitReply.RateExceeded;
import dev.sluice.ledger.AdmitRequest.FactsMode;
import dev.sluice.operation.Rate;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Redis;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The real script on a real server, at a time that the test moves. */
class RollingWindowIT {

    private static final String CLOCK = "clock";
    private static final String USER = "alice";
    private static final long START = 1_800_000_000_123L;

    private static Redis redis;
    private static LedgerClient instance;
    private static Ledger ledger;
    private long now;

    @BeforeAll
    static void start() {
        redis = Redis.start();
        instance = new LedgerClient(redis);
        ledger = new Ledger(
                instance.connection, instance.fences, LedgerClient.SETTINGS, MovedScripts.atTimeOf(redis, CLOCK));
    }

    @AfterAll
    static void stop() {
        instance.close();
        redis.close();
    }

    @BeforeEach
    void empty() {
        redis.flushAll();
        moveTo(START);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void admitsNoMoreThanTheLimitInAnyRollingWindow(long seed) {
        Random random = new Random(seed);
        List<Rate> rates = List.of(
                new Rate(1 + random.nextInt(6), seconds(1 + random.nextInt(3))),
                new Rate(5 + random.nextInt(12), seconds(5 + random.nextInt(10))),
                new Rate(20 + random.nextInt(20), seconds(60)));
        List<Counted> counted = new ArrayList<>();
        int refused = 0;
        for (int i = 0; i < 500; i++) {
            // Bursts, gaps, and waits that end within a millisecond of where a bucket or a window ends.
            long window = rates.get(random.nextInt(rates.size())).window().toMillis();
            long step = switch (random.nextInt(5)) {
                case 0, 1 -> 0;
                case 2 -> random.nextInt(400);
                case 3 -> window / 20 + random.nextInt(3) - 1;
                default -> random.nextInt(8) == 0 ? window + random.nextInt(3) - 1 : random.nextInt(50);
            };
            moveTo(now + step);
            long cost = 1L + random.nextInt(2);
            if (admit(rates, cost) instanceof Admitted) {
                counted.add(new Counted(now, cost));
            } else {
                refused++;
            }
        }
        assertThat(refused).as("refused by seed %s", seed).isPositive();
        for (Rate rate : rates) {
            assertThat(mostInAnyWindow(counted, rate.window().toMillis()))
                    .as("%s, seed %s", rate, seed)
                    .isLessThanOrEqualTo(rate.limit());
        }
    }

    @ParameterizedTest
    @CsvSource({"10, 1", "50, 60", "200, 60", "7, 13"})
    void neverRefusesACallerEvenlySpacedBelowNineTenths(long limit, long windowSeconds) {
        Rate rate = new Rate(limit, seconds(windowSeconds));
        double spacing = rate.window().toMillis() / (0.899 * limit);
        for (int phase = 0; phase < 3; phase++) {
            redis.flushAll();
            long from = START + phase * 37L;
            for (int i = 0; i < 3 * limit + 5; i++) {
                moveTo(from + (long) (i * spacing));
                assertThat(admit(List.of(rate), 1))
                        .as("request %s of phase %s", i, phase)
                        .isInstanceOf(Admitted.class);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16})
    void tellsToTheMillisecondWhenARefusedRequestFits(long seed) {
        Random random = new Random(seed);
        List<Rate> rates =
                List.of(new Rate(3 + random.nextInt(5), seconds(2)), new Rate(6 + random.nextInt(8), seconds(7)));
        int checked = 0;
        for (int i = 0; i < 300 && checked < 25; i++) {
            moveTo(now + random.nextInt(250));
            long cost = 1L + random.nextInt(3);
            if (!(admit(rates, cost) instanceof RateExceeded refused)) {
                continue;
            }
            List<Rate> alone = List.of(rates.get(refused.window()));
            long reset = refused.rates().get(refused.window()).resetMillis();
            assertThat(reset).isPositive();
            moveTo(now + reset - 1);
            assertThat(admit(alone, cost))
                    .as("1 ms early, seed %s, step %s", seed, i)
                    .isInstanceOfSatisfying(
                            RateExceeded.class,
                            again -> assertThat(again.rates().get(0).resetMillis())
                                    .isEqualTo(1));
            moveTo(now + 1);
            assertThat(admit(alone, cost))
                    .as("on time, seed %s, step %s", seed, i)
                    .isInstanceOf(Admitted.class);
            checked++;
        }
        assertThat(checked).isEqualTo(25);
    }

    @Test
    void tellsWhenMoreIsLeftToWhomItAdmits() {
        Rate rate = new Rate(5, seconds(20));
        long first = reset(admit(List.of(rate), 2));
        assertThat(first).isBetween(20_000L, 21_000L);
        moveTo(now + 3_500);
        Decided second = admit(List.of(rate), 1);
        assertThat(reset(second)).isEqualTo(first - 3_500);
        assertThat(second.rates().get(0).current()).isEqualTo(3);
        assertThat(second.rates().get(0).remaining()).isEqualTo(2);

        moveTo(now + reset(second));
        assertThat(admit(List.of(rate), 1).rates().get(0).current())
                .as("the first two have left")
                .isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 40, 999, 5_000, 60_000, 3_600_000})
    void admitsNothingExtraWhenTheClockStepsBack(long back) {
        List<Rate> rates = List.of(new Rate(3, seconds(10)));
        moveTo(START + 9_900);
        for (int i = 0; i < 3; i++) {
            assertThat(admit(rates, 1)).isInstanceOf(Admitted.class);
        }
        moveTo(now - back);

        Decided refused = admit(rates, 1);

        assertThat(refused).isInstanceOf(RateExceeded.class);
        long reset = reset(refused);
        assertThat(reset).isGreaterThan(back + 10_000);
        moveTo(now + reset - 1);
        assertThat(admit(rates, 1)).isInstanceOf(RateExceeded.class);
        moveTo(now + 1);
        assertThat(admit(rates, 1)).isInstanceOf(Admitted.class);
    }

    @Test
    void keepsItsCountsAsLongAsTheyCountWhenTheClockStepsBack() {
        Rate rate = new Rate(3, seconds(10));
        admit(List.of(rate), 1);
        moveTo(now - 30_000);
        long reset = reset(admit(List.of(rate), 1));

        assertThat(redis.client().pttl(KeySpace.rate(USER, "upload", 10))).isGreaterThan(reset);
    }

    @Test
    void forgetsTheBucketsThatNoLongerCount() {
        Rate rate = new Rate(1_000, seconds(1));
        for (int i = 0; i < 200; i++) {
            moveTo(now + 37);
            admit(List.of(rate), 1);
        }
        assertThat(redis.client().hlen(KeySpace.rate(USER, "upload", 1)))
                .as("21 buckets, and what sums them up")
                .isLessThanOrEqualTo(22);
    }

    /** An instance of an earlier version reads all buckets, removes what it takes for a bucket long gone, and counts. */
    @Test
    void countsWhatIsCountedWithoutTheSummary() {
        Rate rate = new Rate(7, seconds(20));
        String window = KeySpace.rate(USER, "upload", 20);
        admit(List.of(rate), 2);
        moveTo(now + 1_000);
        admit(List.of(rate), 1);
        long newest = now / 1_000;
        redis.client().hdel(window, "-1");
        redis.client().hincrby(window, Long.toString(newest), 2);

        assertThat(admit(List.of(rate), 1).rates().get(0).current()).isEqualTo(6);
        assertThat(admit(List.of(rate), 1).rates().get(0).current()).isEqualTo(7);
        assertThat(admit(List.of(rate), 1)).isInstanceOf(RateExceeded.class);

        redis.client().hdel(window, "-1");
        moveTo(START + 21_000);
        redis.client().hincrby(window, Long.toString(now / 1_000), 1);
        assertThat(admit(List.of(rate), 1).rates().get(0).current())
                .as("the first two have left")
                .isEqualTo(7);
    }

    @Test
    void takesBackWhatItCountedWhereALaterWindowIsFull() {
        List<Rate> wide = List.of(new Rate(9, seconds(10)), new Rate(9, seconds(20)), new Rate(9, seconds(30)));
        for (int i = 0; i < 3; i++) {
            admit(wide, 1);
        }
        List<Rate> tight = List.of(wide.get(0), new Rate(3, seconds(20)), wide.get(2));

        assertThat(admit(tight, 1)).isInstanceOfSatisfying(RateExceeded.class, refused -> {
            assertThat(refused.window()).isEqualTo(1);
            assertThat(refused.rates()).extracting(RateState::current).containsExactly(3L, 3L, 3L);
        });
        assertThat(admit(wide, 1).rates()).extracting(RateState::current).containsExactly(4L, 4L, 4L);
    }

    @Test
    void refusesWhatCanNeverFit() {
        Decided reply = admit(List.of(new Rate(3, seconds(10))), 4);

        assertThat(reply).isInstanceOf(RateExceeded.class);
        assertThat(redis.client().keys("*:rl:*")).isEmpty();
    }

    /** So many requests counted at a time. */
    private record Counted(long at, long cost) {}

    /** The most that any closed interval [t, t + window] holds; one that is fullest begins at an admission. */
    private static long mostInAnyWindow(List<Counted> counted, long window) {
        long most = 0;
        for (Counted first : counted) {
            most = Math.max(
                    most,
                    counted.stream()
                            .filter(c -> c.at >= first.at && c.at <= first.at + window)
                            .mapToLong(Counted::cost)
                            .sum());
        }
        return most;
    }

    private void moveTo(long epochMillis) {
        now = epochMillis;
        redis.client().set(CLOCK, Long.toString(now));
    }

    private static Decided admit(List<Rate> rates, long cost) {
        List<RateCheck> checks =
                rates.stream().map(rate -> new RateCheck("upload", rate, cost)).toList();
        return (Decided)
                requireNonNull(ledger.admit(new AdmitRequest(USER, checks, null, List.of(), false, FactsMode.ASK))
                        .block());
    }

    private static long reset(Decided decided) {
        return decided.rates().get(0).resetMillis();
    }

    private static Duration seconds(long seconds) {
        return Duration.ofSeconds(seconds);
    }
}
