package dev.sluice.database;

import static dev.sluice.database.Event.charge;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import java.util.UUID;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UpgradeIT {

    private static final String OLDER_FUNCTIONS = """
            create function public.increment_user_quota(p_user_id uuid, p_amount integer default 1) returns boolean
            language sql as $$ select true $$;
            create function public.increment_user_quota(user_id text, amount bigint) returns integer
            language sql as $$ select 1 $$;
            create function public.update_request_metrics(
              p_user_id uuid, p_api_key_id uuid, p_provider text, p_success boolean, p_file_size bigint) returns json
            language sql as $$ select '{}'::json $$;
            """;

    @AutoClose
    private final Database database = Postgres.shared().emptyDatabase();

    private final Edge edge = new Edge(database);

    @Test
    void changesNothingWhenItRunsTwice() {
        Postgres.migrate(database);
        edge.applyUsage(charge("alice"));
        database.execute("insert into public.bucket_grants (user_id, bucket_id, can_read) values ('alice', 'a', true)");

        Postgres.migrate(database);

        assertThat(edge.apply(charge("alice")).get("current").asLong()).isEqualTo(2);
        assertThat(edge.edgeFacts("alice", "a").get("canRead").asBoolean()).isTrue();
        assertThat(database.number("select count(*) from pg_trigger where tgname = 'raise_version'"))
                .isEqualTo(1);
    }

    @Test
    void keepsTheDataOfATextTable() {
        database.execute("create table public.user_quotas (user_id text primary key, current integer, "
                + "\"limit\" integer not null default 100); "
                + "insert into public.user_quotas values ('alice', 7, 50), ('bob', null, 10)");
        database.execute(OLDER_FUNCTIONS);

        Postgres.migrate(database);

        assertThat(edge.edgeFacts("alice", null).get("quota"))
                .hasToString("{\"limit\":50,\"current\":7,\"version\":1,\"bytesLimit\":null,\"bytesCurrent\":0,"
                        + "\"periodEndsAt\":null}");
        assertThat(edge.current("bob")).isZero();
        assertThat(edge.apply(charge("carol")).get("limit").isNull()).isTrue();
        edge.applyUsage(charge("alice"));
        assertThat(edge.current("alice")).isEqualTo(8);
    }

    @Test
    void turnsAUuidIntoTextWithItsReferencesAndPolicies() {
        UUID user = UUID.randomUUID();
        database.execute("create table public.users (id uuid primary key); "
                + "create table public.user_quotas (id serial primary key, user_id uuid not null unique "
                + "references public.users (id), current bigint default 0, \"limit\" bigint not null); "
                + "alter table public.user_quotas enable row level security; "
                + "create policy own on public.user_quotas using (user_id = gen_random_uuid()); "
                + "insert into public.users values ('" + user + "'); "
                + "insert into public.user_quotas (user_id, current, \"limit\") values ('" + user + "', 3, 9)");
        database.execute(OLDER_FUNCTIONS);

        Postgres.migrate(database);

        assertThat(edge.apply(charge(user.toString())).get("current").asLong()).isEqualTo(4);
        assertThat(edge.reserve(charge("newcomer"), 1L).get("allowed").asBoolean())
                .isTrue();
    }

    @ParameterizedTest
    @ValueSource(strings = {"user_id text", "user_id varchar(64) not null"})
    void findsTheRowsOfATableWithoutAKey(String column) {
        database.execute("create table public.user_quotas (" + column + ", current numeric, \"limit\" numeric); "
                + "insert into public.user_quotas values ('alice', 1, 2)");

        Postgres.migrate(database);

        assertThat(edge.reserve(charge("alice"), null).get("allowed").asBoolean())
                .isTrue();
        assertThat(edge.reserve(charge("alice"), null).get("allowed").asBoolean())
                .isFalse();
    }

    @Test
    void leavesOneFunctionOfEachOlderName() {
        database.execute(OLDER_FUNCTIONS);

        Postgres.migrate(database);
        database.execute("select public.increment_user_quota('alice', 2); "
                + "select public.update_request_metrics('alice', null, 'supabase', true, 10)");

        assertThat(edge.current("alice")).isEqualTo(2);
        assertThat(database.number("select count(*) from pg_proc where proname in "
                        + "('increment_user_quota', 'update_request_metrics')"))
                .isEqualTo(2);
    }

    @Test
    void needsNoMoreThanTheRightsOfAProjectsOwner() {
        database.execute("create role project_owner createrole bypassrls; "
                + "do $$ begin execute format('alter database %I owner to project_owner', current_database()); end $$; "
                + "alter schema public owner to project_owner");
        try {
            Postgres.migrations().forEach(migration -> database.execute("set local role project_owner; " + migration));

            assertThat(edge.reserve(charge("alice"), 1L).get("allowed").asBoolean())
                    .isTrue();
        } finally {
            database.execute("reassign owned by project_owner to current_user; drop owned by project_owner; "
                    + "drop role project_owner");
        }
    }
}
