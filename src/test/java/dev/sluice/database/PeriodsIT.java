package dev.sluice.database;

import static dev.sluice.database.Event.charge;
import static dev.sluice.database.Event.refund;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Database.RefusedByDatabase;
import dev.sluice.testkit.Postgres;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PeriodsIT {

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @AfterEach
    void forgetEverything() {
        edge.forgetEverything();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select public.edge_facts('alice', null)",
                "select jsonb_agg(r) from public.quotas_of(array['alice']) r",
                "select jsonb_agg(r) from public.apply_usage('[{\"id\":\"%s\",\"kind\":\"outcome\","
                        + "\"userId\":\"alice\"}]') r",
                "select public.reserve_quota('alice', 0, 0, 9, '{\"id\":\"%s\",\"kind\":\"charge\","
                        + "\"userId\":\"alice\"}')",
                "select public.increment_user_quota('alice', 0)::text"
            })
    void endInEveryFunctionThatReadsARow(String call) {
        period("alice", "1 day", "now() - interval '30 hours'", "now() - interval '6 hours'");

        edge.json(call.formatted(Event.newId()));

        assertThat(database.text("select current = 0 and bytes_current = 0 "
                        + "and period_starts_at between now() - interval '6.1 hours' and now() - interval '5.9 hours' "
                        + "and period_ends_at = period_starts_at + interval '1 day' from public.user_quotas"))
                .isEqualTo("true");
    }

    @Test
    void raiseTheVersionOnceWhenTheyEnd() {
        period("alice", "1 day", "now() - interval '30 hours'", "now() - interval '6 hours'");

        JsonNode quota = edge.edgeFacts("alice", null).get("quota");
        edge.edgeFacts("alice", null);

        assertThat(quota.get("current").asLong()).isZero();
        assertThat(quota.get("version").asLong()).isEqualTo(2);
        assertThat(edge.version("alice")).isEqualTo(2);
    }

    @ParameterizedTest
    @CsvSource({
        "2020-01-31T00:00:00Z, 1 month, 2026-11-23T06:00:00Z, 2026-10-31T00:00:00Z, 2026-11-30T00:00:00Z",
        "2023-01-31T00:00:00Z, 1 month, 2023-03-29T00:00:00Z, 2023-02-28T00:00:00Z, 2023-03-31T00:00:00Z",
        "2026-01-01T00:00:00Z, 1 month, 2026-01-01T00:00:00Z, 2026-01-01T00:00:00Z, 2026-02-01T00:00:00Z",
        "1926-01-01T00:00:00Z, 1 month, 2026-12-31T23:59:59Z, 2026-12-01T00:00:00Z, 2027-01-01T00:00:00Z",
        "2020-02-29T00:00:00Z, 1 year,  2026-02-27T00:00:00Z, 2025-02-28T00:00:00Z, 2026-02-28T00:00:00Z",
        "2000-01-01T00:00:00Z, 1 second,2026-01-01T00:00:00.5Z, 2026-01-01T00:00:00Z, 2026-01-01T00:00:01Z",
        "2026-01-01T12:00:00Z, 7 days,  2026-01-30T00:00:00Z, 2026-01-29T12:00:00Z, 2026-02-05T12:00:00Z",
        "2026-05-01T00:00:00Z, 1 month, 2026-01-01T00:00:00Z, 2026-05-01T00:00:00Z, 2026-06-01T00:00:00Z",
    })
    void lieAroundNowHoweverManyWereMissed(String anchor, String period, String now, String starts, String ends) {
        assertThat(database.text(
                        "select (starts_at, ends_at) = (?::timestamptz, ?::timestamptz) from sluice.period_around("
                                + "?::timestamptz, ?::interval, ?::timestamptz)",
                        starts,
                        ends,
                        anchor,
                        period,
                        now))
                .isEqualTo("true");
    }

    @Test
    void begunManyPeriodsAgoEndInTheOneOfNow() {
        period("alice", "1 month", "now() - interval '61 months'", "now() - interval '60 months'");

        edge.quotasOf("alice");

        assertThat(database.text("select current = 0 and period_starts_at <= now() and period_ends_at > now() "
                        + "and period_ends_at - period_starts_at between interval '28 days' and interval '31 days' "
                        + "from public.user_quotas"))
                .isEqualTo("true");
    }

    @Test
    void beginNowWhenTheyWereOnlyDeclaredAndKeepTheFigures() {
        database.execute("insert into public.user_quotas (user_id, current, period) values ('alice', 5, '1 month')");

        JsonNode quota = edge.edgeFacts("alice", null).get("quota");

        assertThat(quota.get("current").asLong()).isEqualTo(5);
        assertThat(quota.get("periodEndsAt").asString()).matches("\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{6}Z");
        assertThat(database.text("select period_starts_at > now() - interval '1 minute' "
                        + "and period_ends_at = period_starts_at + interval '1 month' from public.user_quotas"))
                .isEqualTo("true");
    }

    @Test
    void countTheEventsOfTheirOwnAndThoseWithoutAPeriod() {
        period("alice", "1 day", "'2026-01-01T00:00:00Z'", "'2999-01-02T00:00:00Z'");

        edge.applyUsage(
                charge("alice").with("periodEndsAt", "2026-01-01T00:00:00Z"),
                charge("alice").with("periodEndsAt", "2999-01-02T00:00:00Z"),
                charge("alice"));

        assertThat(edge.current("alice")).isEqualTo(7 + 2);
        assertThat(database.number("select count(*) from public.usage_events where counted_in is null"))
                .isEqualTo(1);
        assertThat(database.number(
                        "select count(*) from public.usage_events where counted_in = '2026-01-01T00:00:00Z'"))
                .isEqualTo(2);
    }

    @Test
    void doNotGetBackWhatWasChargedInAnEarlierOne() {
        period("alice", "1 day", "now() - interval '6 hours'", "now() + interval '18 hours'");
        Event event = charge("alice");
        edge.applyUsage(event);
        database.execute("update public.user_quotas set period_ends_at = now()");

        edge.applyUsage(refund(event), charge("alice"));

        assertThat(edge.current("alice")).isEqualTo(1);
    }

    @Test
    void doNotGetBackAChargeThatCameTooLateToCount() {
        period("alice", "1 day", "'2026-01-01T00:00:00Z'", "'2999-01-02T00:00:00Z'");
        Event late = charge("alice").with("periodEndsAt", "2025-12-31T00:00:00Z");

        edge.applyUsage(late);
        edge.applyUsage(refund(late));

        assertThat(edge.current("alice")).isEqualTo(7);
    }

    @Test
    void countAReservationAtTheTimeItIsMade() {
        period("alice", "1 day", "now() - interval '30 hours'", "now() - interval '6 hours'");
        Event event = charge("alice").with("periodEndsAt", "2026-01-01T00:00:00Z");

        edge.reserve(event, 10L);
        assertThat(edge.current("alice")).isEqualTo(1);
        edge.applyUsage(refund(event));

        assertThat(edge.current("alice")).isZero();
    }

    @Test
    void thatWereTakenAwayFromARowAreNotTold() {
        database.execute("insert into public.user_quotas (user_id, current, period_ends_at) "
                + "values ('alice', 5, now() - interval '1 day')");

        JsonNode quota = edge.edgeFacts("alice", null).get("quota");

        assertThat(quota.get("current").asLong()).isEqualTo(5);
        assertThat(quota.get("periodEndsAt").isNull()).isTrue();
    }

    @Test
    void mustBePositive() {
        for (String period : List.of("0", "-1 day", "1 month -5 days")) {
            assertThatThrownBy(() -> period("alice", period, "now()", "now()"))
                    .isInstanceOf(RefusedByDatabase.class)
                    .hasMessageContaining("user_quotas_period_check");
        }
    }

    private void period(String userId, String period, String starts, String ends) {
        database.execute("insert into public.user_quotas (user_id, current, bytes_current, period, period_starts_at, "
                + "period_ends_at) values ('%s', 7, 70, '%s', %s, %s)".formatted(userId, period, starts, ends));
    }
}
