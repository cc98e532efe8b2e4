package dev.sluice.database;

import static dev.sluice.database.Event.charge;
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
class EdgeFactsIT {

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @AfterEach
    void forgetEverything() {
        edge.forgetEverything();
    }

    @Test
    void knowsNothingOfAnUnknownUserAndMakesNoRow() {
        assertThat(edge.edgeFacts("alice", "avatars"))
                .hasToString("{\"quota\":null,\"canRead\":false,\"canWrite\":false}");
        assertThat(database.number("select count(*) from public.user_quotas")).isZero();
    }

    @Test
    void tellsTheRow() {
        database.execute("insert into public.user_quotas (user_id, current, \"limit\", bytes_current, bytes_limit) "
                + "values ('alice', 3, 100, 7, 9)");

        assertThat(edge.edgeFacts("alice", null).get("quota"))
                .hasToString("{\"limit\":100,\"current\":3,\"version\":1,\"bytesLimit\":9,\"bytesCurrent\":7,"
                        + "\"periodEndsAt\":null}");
    }

    @Test
    void joinsTheUsersGrantsWithThoseOfEverybody() {
        database.execute("insert into public.bucket_grants (user_id, bucket_id, can_read, can_write) values "
                + "('*', 'avatars', true, false), ('alice', 'avatars', false, true), ('alice', 'own', false, true)");

        assertThat(verdict("alice", "avatars")).isEqualTo("rw");
        assertThat(verdict("bob", "avatars")).isEqualTo("r");
        assertThat(verdict("alice", "own")).isEqualTo("w");
        assertThat(verdict("bob", "own")).isEmpty();
        assertThat(verdict("alice", null)).isEmpty();
    }

    @Test
    void raisesTheVersionAtAnAdministratorsUpdate() {
        database.execute("insert into public.user_quotas (user_id) values ('alice')");
        assertThat(edge.version("alice")).isEqualTo(1);

        database.execute("update public.user_quotas set \"limit\" = 5");
        database.execute("update public.user_quotas set version = 1");

        assertThat(edge.version("alice")).isEqualTo(3);
    }

    @Test
    void givesTheRowsOfManyUsersWhoHaveOne() {
        edge.applyUsage(charge("alice"), charge("bob"));

        assertThat(edge.quotasOf("bob", "alice", "bob", "carol")).containsOnlyKeys("alice", "bob");
        assertThat(edge.quotasOf()).isEmpty();
    }

    private String verdict(String userId, @Nullable String bucket) {
        JsonNode facts = edge.edgeFacts(userId, bucket);
        return (facts.get("canRead").asBoolean() ? "r" : "")
                + (facts.get("canWrite").asBoolean() ? "w" : "");
    }
}
