package dev.sluice.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.testkit.Database.RefusedByDatabase;
import org.junit.jupiter.api.Test;

class PostgresIT {

    @Test
    void givesEachCallerItsOwnMigratedDatabase() {
        try (Database one = Postgres.shared().newDatabase();
                Database other = Postgres.shared().newDatabase()) {
            one.update("insert into public.user_quotas (user_id) values (?)", "alice");

            assertThat(one.number("select count(*) from public.user_quotas")).isEqualTo(1);
            assertThat(other.number("select count(*) from public.user_quotas")).isZero();
        }
    }

    @Test
    void givesAnEmptyDatabaseWithTheRolesOfASupabaseProject() {
        try (Database database = Postgres.shared().emptyDatabase()) {
            assertThat(database.text("select to_regclass('public.user_quotas')::text"))
                    .isNull();
            assertThat(database.number("select count(*) from pg_roles where rolname in "
                            + "('anon', 'authenticated', 'service_role', 'authenticator')"))
                    .isEqualTo(4);
        }
    }

    @Test
    void dropsTheDatabaseWhenItIsClosed() {
        Database closed = Postgres.shared().emptyDatabase();
        String name = closed.jdbcUrl().substring(closed.jdbcUrl().lastIndexOf('/') + 1);
        closed.close();

        try (Database database = Postgres.shared().emptyDatabase()) {
            assertThat(database.number("select count(*) from pg_database where datname = ?", name))
                    .isZero();
        }
    }

    @Test
    void tellsTheSqlStateOfARefusal() {
        try (Database database = Postgres.shared().emptyDatabase()) {
            assertThatThrownBy(() -> database.execute("select 1 / 0"))
                    .isInstanceOfSatisfying(
                            RefusedByDatabase.class,
                            e -> assertThat(e.sqlState()).isEqualTo("22012"));
        }
    }
}
