package dev.sluice.database;

import static dev.sluice.database.Event.charge;
import static dev.sluice.database.Event.outcome;
import static dev.sluice.database.Event.refund;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApplyUsageIT {

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @AfterEach
    void forgetEverything() {
        edge.forgetEverything();
    }

    @Test
    void countsAChargeAndMakesTheRowOfAnUnknownUser() {
        JsonNode row = edge.apply(charge(Event.newId(), "alice", 3).with("bytes", 40));

        assertThat(row.propertyNames())
                .containsExactlyInAnyOrder(
                        "user_id", "current", "limit", "bytes_current", "bytes_limit", "period_ends_at", "version");
        assertThat(row.get("current").asLong()).isEqualTo(3);
        assertThat(row.get("bytes_current").asLong()).isEqualTo(40);
        assertThat(row.get("limit").isNull()).isTrue();
        assertThat(row.get("version").asLong()).isEqualTo(2);
    }

    @Test
    void countsAnEventIdOnceInWhateverBatchItComes() {
        Event event = charge("alice");

        edge.applyUsage(event, event);
        edge.applyUsage(event);
        edge.applyUsage(charge("alice"), event);

        assertThat(edge.current("alice")).isEqualTo(2);
    }

    @Test
    void leavesTheVersionWhenNothingWasNew() {
        Event event = charge("alice");
        edge.applyUsage(event);
        long before = edge.version("alice");

        edge.applyUsage(event);

        assertThat(edge.version("alice")).isEqualTo(before);
    }

    @Test
    void answersTheRowOfEveryUserNamedAlsoWhenAllEventsWereKnown() {
        Event[] batch = {charge("bob"), charge("alice"), outcome("carol", true, 1), refund(charge("dave"))};
        edge.applyUsage(batch);

        assertThat(edge.applyUsage(batch)).containsOnlyKeys("alice", "bob", "carol", "dave");
    }

    @Test
    void answersNothingToAnEmptyBatch() {
        assertThat(edge.applyUsage("[]")).isEmpty();
    }

    @Test
    void takesBackAtMostWhatTheChargeCounted() {
        Event event = charge(Event.newId(), "alice", 2).with("bytes", 10);
        edge.applyUsage(event, charge(Event.newId(), "alice", 5).with("bytes", 7));

        edge.applyUsage(refund(event).with("amount", -1000).with("bytes", -1000));
        edge.applyUsage(refund(event));

        assertThat(edge.current("alice")).isEqualTo(5);
        assertThat(database.number("select bytes_current from public.user_quotas"))
                .isEqualTo(7);
    }

    @Test
    void letsARefundThatOvertookItsChargeCancelIt() {
        Event event = charge("alice");

        edge.applyUsage(refund(event));
        assertThat(edge.current("alice")).isZero();
        edge.applyUsage(event);

        assertThat(edge.current("alice")).isZero();
    }

    @Test
    void takesBackWithinABatchInWhateverOrder() {
        Event first = charge("alice");
        Event second = charge("alice");

        edge.applyUsage(first, refund(first), refund(second), second, charge("alice"));

        assertThat(edge.current("alice")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"refund last", "refund first", "one batch", "one batch, refund first"})
    void takesBackTheBytesThatDidNotPassAndKeepsTheRest(String order) {
        Event event = charge(Event.newId(), "alice", 1).with("bytes", 100L);
        Event part = refund(event).with("amount", 0).with("bytes", -60);
        Event[][] batches = switch (order) {
            case "refund last" -> new Event[][] {{event}, {part}};
            case "refund first" -> new Event[][] {{part}, {event}};
            case "one batch" -> new Event[][] {{event, part}};
            default -> new Event[][] {{part, event}};
        };

        for (Event[] batch : batches) {
            edge.applyUsage(batch);
        }
        edge.applyUsage(part, event);
        edge.applyUsage(refund(event));

        assertThat(edge.current("alice")).isEqualTo(1);
        assertThat(database.number("select bytes_current from public.user_quotas"))
                .isEqualTo(40);
    }

    @Test
    void neverClampsWhatAnAdministratorResetInBetween() {
        Event event = charge(Event.newId(), "alice", 4);
        edge.applyUsage(event);
        database.update("update public.user_quotas set current = 1");

        edge.applyUsage(refund(event));

        assertThat(edge.current("alice")).isEqualTo(-3);
    }

    @Test
    void ignoresARefundInTheNameOfAnotherUser() {
        Event event = charge("alice");
        edge.applyUsage(event, charge("mallory"));

        edge.applyUsage(refund(event).with("userId", "mallory"));

        assertThat(edge.current("alice")).isEqualTo(1);
        assertThat(edge.current("mallory")).isEqualTo(1);
    }

    @Test
    void recordsTheEventUnderTheDayOfItsId() {
        Event event = charge("alice").with("periodEndsAt", "2999-01-01T00:00:00Z");
        edge.applyUsage(event);

        assertThat(database.text("select day = occurred_at::date and period_ends_at = '2999-01-01 00:00:00Z' "
                        + "and counted_in = '-infinity' and operation = 'signed-url' from public.usage_events"))
                .isEqualTo("true");
    }

    @Test
    void appliesFiveHundredEventsOfManyUsersInOneCall() {
        Event[] batch =
                IntStream.range(0, 500).mapToObj(i -> charge("user" + i % 50)).toArray(Event[]::new);

        assertThat(edge.applyUsage(batch)).hasSize(50);
        assertThat(database.number("select min(current) * 50 from public.user_quotas"))
                .isEqualTo(500);
    }

    @Nested
    class Outcomes {

        @Test
        void countInTheMetricsOfTheirDayOnce() {
            Event good = outcome("alice", true, 70).with("apiKeyId", "k1");
            Event bad = outcome("alice", false, 3).with("apiKeyId", "k1").with("code", "SUPABASE_ERROR");

            edge.applyUsage(good, bad, good);
            edge.applyUsage(bad, outcome("alice", true, 1).with("apiKeyId", "k1"));

            assertThat(database.query("select user_id, api_key_id, provider, requests, failures, bytes, "
                            + "day = (now() at time zone 'UTC')::date as today from public.request_metrics"))
                    .singleElement()
                    .hasToString("{user_id=alice, api_key_id=k1, provider=supabase, requests=3, failures=1, "
                            + "bytes=74, today=true}");
        }

        @Test
        void leaveTheQuotaAlone() {
            edge.applyUsage(outcome("alice", true, 70).with("amount", 9));

            assertThat(edge.current("alice")).isZero();
        }

        @Test
        void moveTheLastUseOfTheirKeyForwardOnly() {
            UUID key = UUID.randomUUID();
            database.update(
                    "insert into public.api_keys (id, user_id, key_hash) values (?, 'alice', repeat('a', 64))", key);

            edge.applyUsage(outcome("alice", true, 0).with("apiKeyId", key).with("occurredAt", "2026-01-02T00:00:00Z"));
            edge.applyUsage(outcome("alice", true, 0).with("apiKeyId", key).with("occurredAt", "2026-01-01T00:00:00Z"));

            assertThat(database.text("select last_used_at = '2026-01-02 00:00:00Z' from public.api_keys"))
                    .isEqualTo("true");
        }

        @Test
        void withAChargesIdAreEventsOfTheirOwn() {
            Event event = charge("alice");

            edge.applyUsage(event, outcome("alice", true, 5).with("id", event.id()));

            assertThat(edge.current("alice")).isEqualTo(1);
            assertThat(database.number("select requests from public.request_metrics"))
                    .isEqualTo(1);
        }
    }
}
