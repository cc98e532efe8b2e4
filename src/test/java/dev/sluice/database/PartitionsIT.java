package dev.sluice.database;

import static dev.sluice.database.Event.charge;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

class PartitionsIT {

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @Test
    void reachFromTheOldestDayToAWeekAhead() {
        assertThat(database.text("select string_agg(inhrelid::regclass::text, ',' order by inhrelid::regclass::text) "
                        + "= (select string_agg('sluice.usage_events_' || to_char(d, 'YYYYMMDD'), ',' order by d) "
                        + "from generate_series(sluice.today() - 35, sluice.today() + 7, interval '1 day') d) "
                        + "from pg_inherits where inhparent = 'public.usage_events'::regclass"))
                .isEqualTo("true");
    }

    @Test
    void areMadeAheadAndDroppedBehindByMaintenance() {
        database.execute("drop table " + partition(7));
        database.execute("select sluice.ensure_partition(sluice.today() - 36), "
                + "sluice.ensure_partition(sluice.today() - 37), sluice.ensure_partition(sluice.today() - 400)");

        assertThat(edge.json("select public.maintain_usage_partitions()")).hasToString("{\"created\":1,\"dropped\":2}");
        assertThat(database.text("select to_regclass(?)::text", partition(7))).isNotNull();
        assertThat(database.text("select to_regclass(?)::text", partition(-36))).isNotNull();
        assertThat(database.text("select to_regclass(?)::text", partition(-37))).isNull();
        assertThat(edge.json("select public.maintain_usage_partitions()")).hasToString("{\"created\":0,\"dropped\":0}");
    }

    @Test
    void keepEveryIdInsideTheRetentionKnown() {
        Event old = charge(Event.idOf(Instant.now().minus(Duration.ofDays(35))), "alice", 1);
        edge.applyUsage(old);

        edge.json("select public.maintain_usage_partitions()");
        edge.applyUsage(old);

        assertThat(edge.current("alice")).isEqualTo(1);
    }

    @Test
    void areMadeByTheFirstEventOfADayWithoutOne() {
        Event event = charge(Event.idOf(Instant.now().minus(Duration.ofDays(2))), "alice", 1);
        Event reserved = charge(Event.idOf(Instant.now().minus(Duration.ofDays(3))), "alice", 1);
        database.execute("drop table " + partition(-2) + ", " + partition(-3));

        edge.applyUsage(event);
        edge.reserve(reserved, 10L);

        assertThat(edge.current("alice")).isEqualTo(2);
        assertThat(database.text(
                        "select tableoid::regclass::text from public.usage_events where id = ?",
                        UUID.fromString(reserved.id())))
                .isEqualTo(partition(-3));
    }

    @Test
    void followTheRetentionThatIsSet() {
        database.execute("update sluice.settings set retention_days = 2");

        assertThat(edge.json("select public.maintain_usage_partitions()")
                        .get("dropped")
                        .asInt())
                .isEqualTo(32);
    }

    private String partition(int daysFromToday) {
        return Objects.requireNonNull(database.text(
                "select 'sluice.usage_events_' || to_char(sluice.today() + ?::integer, 'YYYYMMDD')", daysFromToday));
    }
}
