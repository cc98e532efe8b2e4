package dev.sluice.database;

import static dev.sluice.database.Event.charge;
import static dev.sluice.database.Event.outcome;
import static dev.sluice.database.Event.refund;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Database.RefusedByDatabase;
import dev.sluice.testkit.Postgres;
import java.time.Duration;
import java.time.Instant;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class InvalidEventsIT {

    private static final String INVALID = "22023";
    private static final long MAX = (1L << 53) - 1;

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @AfterEach
    void forgetEverything() {
        edge.forgetEverything();
    }

    static Stream<Arguments> invalidEvents() {
        Event good = charge("alice");
        Event old = charge(Event.idOf(Instant.now().minus(Duration.ofDays(37))), "alice", 1);
        Event future = charge(Event.idOf(Instant.now().plus(Duration.ofHours(25))), "alice", 1);
        return Stream.of(
                Arguments.of(good.with("id", "6f9619ff-8b86-4011-b42d-00c04fc964ff"), "id is not a UUIDv7"),
                Arguments.of(good.with("id", good.id() + ":r"), "id is not a UUIDv7"),
                Arguments.of(good.with("id", "nonsense"), "id is not a UUIDv7"),
                Arguments.of(good.with("kind", "gift"), "unknown kind"),
                Arguments.of(good.without("kind"), "unknown kind"),
                Arguments.of(good.without("userId"), "missing userId"),
                Arguments.of(good.with("userId", ""), "missing userId"),
                Arguments.of(good.with("userId", "u".repeat(513)), "userId is longer"),
                Arguments.of(good.with("provider", "p".repeat(129)), "is too long"),
                Arguments.of(good.without("amount"), "missing amount"),
                Arguments.of(good.with("amount", 1.5), "amount is not an integer"),
                Arguments.of(good.with("amount", "many"), "amount is not an integer"),
                Arguments.of(good.with("amount", -1), "amount of a charge is negative"),
                Arguments.of(good.with("amount", MAX + 1), "amount is out of range"),
                Arguments.of(good.with("bytes", Long.MAX_VALUE), "bytes is not an integer"),
                Arguments.of(good.with("bytes", -1), "bytes of a charge is negative"),
                Arguments.of(refund(good).with("amount", 1), "amount of a refund is positive"),
                Arguments.of(refund(good).with("bytes", 1), "bytes of a refund is positive"),
                Arguments.of(outcome("alice", true, -1), "bytes of a outcome is negative"),
                Arguments.of(outcome("alice", true, 1).with("success", "perhaps"), "success is not a boolean"),
                Arguments.of(good.with("occurredAt", "yesterday"), "occurredAt is not a timestamp"),
                Arguments.of(good.with("occurredAt", "2026-02-31T00:00:00Z"), "is not a timestamp"),
                Arguments.of(good.with("periodEndsAt", "2026-01-01"), "periodEndsAt is not a timestamp"),
                Arguments.of(old, "older than the retention"),
                Arguments.of(future, "more than a day in the future"));
    }

    @ParameterizedTest
    @MethodSource("invalidEvents")
    void refuseTheBatchAndAreNamed(Event event, String reason) {
        assertThatThrownBy(() -> edge.applyUsage(charge("bob"), event, charge("carol")))
                .isInstanceOfSatisfying(RefusedByDatabase.class, e -> {
                    assertThat(e.sqlState()).isEqualTo(INVALID);
                    assertThat(e)
                            .hasMessageContaining("invalid event " + event.id())
                            .hasMessageContaining(reason);
                });

        assertThat(database.number("select count(*) from public.user_quotas")).isZero();
        assertThat(database.number("select count(*) from public.usage_events")).isZero();
    }

    @Test
    void areNamedByTheirPlaceWhenTheyHaveNoId() {
        assertThatThrownBy(
                        () -> edge.applyUsage(charge("alice"), charge("alice").without("id")))
                .isInstanceOf(RefusedByDatabase.class)
                .hasMessageContaining("invalid event #2: missing id");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "null", "\"x\"", "[1]", "[[]]", "[null]"})
    void refuseWhatIsNoListOfObjects(String json) {
        assertThatThrownBy(() -> edge.applyUsage(json))
                .isInstanceOfSatisfying(
                        RefusedByDatabase.class, e -> assertThat(e.sqlState()).isEqualTo(INVALID));
    }

    @Test
    void refuseASumThatNoDoubleCanHold() {
        edge.applyUsage(charge(Event.newId(), "alice", MAX - 1), charge("alice"));
        Event last = charge("alice");

        assertThatThrownBy(() -> edge.applyUsage(last))
                .isInstanceOf(RefusedByDatabase.class)
                .hasMessageContaining("invalid event " + last.id());
        assertThat(edge.current("alice")).isEqualTo(MAX);
    }

    @Test
    void includeThoseWhichCannotBeReserved() {
        Event event = charge("alice");

        assertThatThrownBy(() -> edge.reserve(event.with("amount", -1), 10L))
                .isInstanceOf(RefusedByDatabase.class)
                .hasMessageContaining(event.id());
        assertThatThrownBy(() -> edge.reserve(refund(event).with("amount", 0), 10L))
                .isInstanceOf(RefusedByDatabase.class)
                .hasMessageContaining("only a charge can be reserved");
        assertThatThrownBy(() -> edge.json("select public.reserve_quota('bob', 1, 0, 10, ?::jsonb)", event.json()))
                .isInstanceOf(RefusedByDatabase.class)
                .hasMessageContaining("userId is not p_user_id");
    }

    @Test
    void doNotIncludeTheOldestThatIsKept() {
        Instant oldest = Instant.now().minus(Duration.ofDays(35));

        edge.applyUsage(charge(Event.idOf(oldest), "alice", 1));

        assertThat(edge.current("alice")).isEqualTo(1);
    }
}
