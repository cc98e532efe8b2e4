package dev.sluice.database;

import static dev.sluice.database.Event.charge;
import static dev.sluice.database.Event.refund;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import tools.jackson.databind.JsonNode;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReserveQuotaIT {

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @AfterEach
    void forgetEverything() {
        edge.forgetEverything();
    }

    @Test
    void answersTheRowAsTheContractShowsIt() {
        database.execute("insert into public.user_quotas (user_id, current, \"limit\", period_ends_at, period) "
                + "values ('alice', 3, 100, '2999-01-01T00:00:00Z', '1 month')");

        assertThat(edge.reserve(charge("alice"), null))
                .hasToString("{\"limit\":100,\"allowed\":true,\"current\":4,\"version\":2,\"bytesLimit\":null,"
                        + "\"bytesCurrent\":0,\"periodEndsAt\":\"2999-01-01T00:00:00.000000Z\"}");
    }

    @Test
    void admitsUpToTheLimitAndNotOneMore() {
        limit("alice", 2);

        assertThat(allowed(charge(Event.newId(), "alice", 2), null)).isTrue();
        assertThat(allowed(charge("alice"), null)).isFalse();
        assertThat(edge.current("alice")).isEqualTo(2);
    }

    @Test
    void takesTheDefaultForARowWithoutALimit() {
        assertThat(allowed(charge("alice"), 1L)).isTrue();
        assertThat(allowed(charge("alice"), 1L)).isFalse();
    }

    @Test
    void tellsTheRowsOwnLimitAndNotTheDefault() {
        assertThat(edge.reserve(charge("alice"), 1L).get("limit").isNull()).isTrue();
    }

    @Test
    void refusesWhoHasNoLimitAtAll() {
        assertThat(allowed(charge("alice"), null)).isFalse();
        assertThat(edge.current("alice")).isZero();
    }

    @Test
    void holdsTheLimitOfBytesTooAndChargesNeitherWhenOneIsSpent() {
        database.execute("insert into public.user_quotas (user_id, bytes_current, bytes_limit) values ('alice', 5, 9)");

        assertThat(allowed(charge("alice").with("bytes", 5), 10L)).isFalse();
        assertThat(edge.current("alice")).isZero();
        assertThat(allowed(charge("alice").with("bytes", 4), 10L)).isTrue();
        assertThat(database.number("select bytes_current from public.user_quotas"))
                .isEqualTo(9);
    }

    @Test
    void answersAKnownIdAsBeforeAndChargesItOnce() {
        limit("alice", 1);
        Event admitted = charge("alice");
        Event refused = charge("alice");
        assertThat(allowed(admitted, null)).isTrue();
        assertThat(allowed(refused, null)).isFalse();
        limit("alice", 10);

        assertThat(allowed(admitted, null)).isTrue();
        assertThat(allowed(refused, null)).isFalse();
        assertThat(edge.current("alice")).isEqualTo(1);
    }

    @Test
    void allowsAnIdThatWasAppliedAlready() {
        limit("alice", 1);
        Event event = charge("alice");
        edge.applyUsage(event);

        assertThat(allowed(event, null)).isTrue();
        assertThat(edge.current("alice")).isEqualTo(1);
    }

    @Test
    void makesTheSameEventFromTheStreamChangeNothing() {
        limit("alice", 1);
        Event admitted = charge("alice");
        Event refused = charge("alice");
        edge.reserve(admitted, null);
        edge.reserve(refused, null);

        edge.applyUsage(admitted, refused, refund(refused));

        assertThat(edge.current("alice")).isEqualTo(1);
        assertThat(database.text("select code from public.usage_events where kind = 'charge' and counted_in is null"))
                .isEqualTo("VOID");
    }

    @Test
    void isTakenBackByARefund() {
        limit("alice", 1);
        Event event = charge("alice");
        edge.reserve(event, null);

        edge.applyUsage(refund(event));

        assertThat(edge.current("alice")).isZero();
        assertThat(allowed(charge("alice"), null)).isTrue();
    }

    @Test
    void refusesAnIdWhoseRefundCameFirst() {
        limit("alice", 1);
        Event event = charge("alice");
        edge.applyUsage(refund(event));

        assertThat(allowed(event, null)).isFalse();
        assertThat(edge.current("alice")).isZero();
    }

    private boolean allowed(Event event, @Nullable Long defaultLimit) {
        JsonNode answer = edge.reserve(event, defaultLimit);
        return answer.get("allowed").asBoolean();
    }

    private void limit(String userId, long limit) {
        database.update(
                "insert into public.user_quotas (user_id, \"limit\") values (?, ?) "
                        + "on conflict (user_id) do update set \"limit\" = excluded.\"limit\"",
                userId,
                limit);
    }
}
