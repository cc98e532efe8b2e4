package dev.sluice.ledger;

import static dev.sluice.ledger.HuntScenario.Trouble.ADMIN;
import static dev.sluice.ledger.HuntScenario.Trouble.BYTES;
import static dev.sluice.ledger.HuntScenario.Trouble.CRASH;
import static dev.sluice.ledger.HuntScenario.Trouble.DATABASE_AWAY;
import static dev.sluice.ledger.HuntScenario.Trouble.FLUSH;
import static dev.sluice.ledger.HuntScenario.Trouble.OUTAGE;
import static dev.sluice.ledger.HuntScenario.Trouble.PARTIAL;
import static dev.sluice.ledger.HuntScenario.Trouble.PERIOD;
import static dev.sluice.ledger.HuntScenario.Trouble.RECONCILER;
import static dev.sluice.ledger.HuntScenario.Trouble.REFUNDS;
import static dev.sluice.ledger.HuntScenario.Trouble.RESTORE;
import static dev.sluice.ledger.HuntScenario.Trouble.SLOW;
import static dev.sluice.ledger.HuntScenario.Trouble.TTL;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.ledger.HuntRules.Broken;
import dev.sluice.ledger.HuntScenario.Trouble;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Random interleavings of charges, refunds, workers, crashes, lost answers, expiries and outages, on the real scripts and
 * the real functions. After each step nothing may have been admitted past the limit, pending is never negative, and used
 * is never less than what the database counted; when all has settled, the database counted what was admitted less what
 * was refunded, and nothing is pending.
 *
 * <p>A longer hunt: {@code -Dsluice.hunt.seconds=600}, for each scenario.
 */
class LedgerHuntIT {

    private static final Logger log = LoggerFactory.getLogger(LedgerHuntIT.class);
    private static final Duration BUDGET = Duration.ofSeconds(Long.getLong("sluice.hunt.seconds", 2));
    private static final Duration LIMIT_TO_FIND = Duration.ofSeconds(60);
    private static final Set<Trouble> USUAL = EnumSet.of(REFUNDS, CRASH, TTL, PERIOD, ADMIN, RECONCILER);

    private static HuntServers servers;

    @BeforeAll
    static void start() {
        servers = new HuntServers();
    }

    @AfterAll
    static void stop() {
        servers.close();
    }

    static Stream<HuntScenario> scenarios() {
        return Stream.of(
                HuntScenario.of("no outage", 2, USUAL),
                HuntScenario.of("no outage, no row", 3, USUAL).withoutRow(),
                HuntScenario.of("bytes run out first", 3, EnumSet.of(REFUNDS, CRASH, TTL, PERIOD, RECONCILER, BYTES)),
                HuntScenario.of("emptied", 2, and(FLUSH)),
                HuntScenario.of("emptied, no row", 2, and(FLUSH)).withoutRow(),
                HuntScenario.of("lost answers", 2, and(SLOW)),
                HuntScenario.of(
                        "outages, for all and for some, lost answers, emptied", 3, and(FLUSH, OUTAGE, SLOW, PARTIAL)),
                HuntScenario.of("database away", 2, EnumSet.of(REFUNDS, CRASH, TTL, RECONCILER, DATABASE_AWAY)),
                HuntScenario.of("outages and an older copy", 2, and(OUTAGE, RESTORE)));
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void keepsTheLedgerTrue(HuntScenario scenario) {
        Hunt.Outcome outcome = new Hunt(servers, scenario, HuntRules.SHIPPED, true).play(1, BUDGET);

        log.info("'{}': {} runs, {} steps", scenario, outcome.runs(), outcome.steps());
        assertThat(outcome.found()).isNull();
        assertThat(outcome.steps()).isGreaterThan(100);
    }

    @Test
    void admitsNoMoreAfterATotalOutageThanWasPendingAndInFlight() {
        HuntScenario scenario = HuntScenario.of("total outage", 3, EnumSet.of(OUTAGE));
        Hunt.Outcome outcome = new Hunt(servers, scenario, HuntRules.SHIPPED, false).play(1, BUDGET);

        log.info("'{}': {} runs, {} steps", scenario, outcome.runs(), outcome.steps());
        assertThat(outcome.found()).isNull();
    }

    // That a hunt without a find means something: with one rule left out, it finds.

    @Test
    void noticesThatKnownEventsAnswerNoRow() {
        assertFinds(HuntScenario.of("known events", 2, EnumSet.of(CRASH)), Broken.ROWS_OF_KNOWN_EVENTS);
    }

    @Test
    void noticesThatEventsDoNotSayTheirPeriod() {
        assertFinds(HuntScenario.of("no stamp", 2, EnumSet.of(PERIOD)), Broken.PERIOD_STAMP);
    }

    @Test
    void noticesThatTheGroupBeginsAtTheEnd() {
        assertFinds(HuntScenario.of("group", 2, EnumSet.of(FLUSH)), Broken.GROUP_FROM_THE_BEGINNING);
    }

    @Test
    void noticesThatNobodyFences() {
        HuntScenario scenario = HuntScenario.of("no fence", 3, EnumSet.of(OUTAGE));
        assertFinds(new Hunt(servers, scenario, HuntRules.without(Broken.FENCES), false));
    }

    @Test
    void noticesThatTheBytesThatPassedAreGivenBackToo() {
        assertFinds(HuntScenario.of("bytes", 3, EnumSet.of(REFUNDS, BYTES)), Broken.BYTES_THAT_PASSED);
    }

    @Test
    void noticesThatASettleKeepsTheOldPeriod() {
        assertFinds(
                HuntScenario.of("old period", 2, EnumSet.of(PERIOD)),
                HuntRules.withSettle(servers.redis, ", 'periodEndsAt' }", " }"));
    }

    @Test
    void noticesThatASettleTurnsTheVersionBack() {
        assertFinds(
                HuntScenario.of("older row", 2, EnumSet.of(CRASH)),
                HuntRules.withSettle(servers.redis, "if tonumber(facts[1]) <= held then", "if false then"));
    }

    @Test
    void noticesThatARefundLowersPending() {
        assertFinds(
                HuntScenario.of("refund", 2, EnumSet.of(REFUNDS)),
                HuntRules.withSettle(servers.redis, "ARGV[a + 2] == 'charge' and ", ""));
    }

    @Test
    void noticesThatPendingIsLoweredTwice() {
        assertFinds(
                HuntScenario.of("settled twice", 2, EnumSet.of(CRASH)),
                HuntRules.withSettle(
                        servers.redis,
                        "if id == ARGV[a + 1] and redis.call('XACK', KEYS[1], ARGV[1], ARGV[a]) == 1 then",
                        "if redis.call('XACK', KEYS[1], ARGV[1], ARGV[a]) >= 0 then"));
    }

    @Test
    void noticesThatASettleFails() {
        Hunt.Outcome outcome = new Hunt(
                        servers,
                        HuntScenario.of("failing settle", 2, USUAL),
                        HuntRules.withSettle(servers.redis, "string.format('%.0f', 0 - tonumber(ARGV[a + 3]))", "'-0'"),
                        true)
                .play(1, LIMIT_TO_FIND);
        assertThat(outcome.found()).startsWith("ERROR").contains("not an integer");
    }

    @Test
    void noticesThatASettleTakesNoRowOver() {
        assertFinds(
                HuntScenario.of("no takeover", 2, EnumSet.noneOf(Trouble.class)),
                HuntRules.withSettle(
                        servers.redis,
                        "taken = takeover(KEYS[2], { ARGV[3], ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8] })",
                        "taken = 0"));
    }

    private static void assertFinds(HuntScenario scenario, Broken rule) {
        assertFinds(scenario, HuntRules.without(rule));
    }

    private static void assertFinds(HuntScenario scenario, HuntRules rules) {
        assertFinds(new Hunt(servers, scenario, rules, true));
    }

    private static void assertFinds(Hunt hunt) {
        Hunt.Outcome outcome = hunt.play(1, LIMIT_TO_FIND);
        log.info("after {} runs: {}", outcome.runs(), outcome.found());
        assertThat(outcome.found()).isNotNull().doesNotStartWith("ERROR");
    }

    private static Set<Trouble> and(Trouble... more) {
        EnumSet<Trouble> all = EnumSet.copyOf(USUAL);
        all.addAll(Set.of(more));
        return all;
    }
}
