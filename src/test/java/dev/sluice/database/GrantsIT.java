package dev.sluice.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Database.RefusedByDatabase;
import dev.sluice.testkit.Postgres;
import java.util.List;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class GrantsIT {

    private static final String DENIED = "42501";
    private static final List<String> FUNCTIONS = List.of(
            "public.edge_facts('alice', null)",
            "public.quotas_of(array['alice'])",
            "public.apply_usage('[]')",
            "public.reserve_quota('alice', 1, 0, 10, '{\"id\":\"%s\",\"kind\":\"charge\",\"userId\":\"alice\"}')"
                    .formatted(Event.newId()),
            "public.create_api_key('alice', 'laptop', null)",
            "public.resolve_api_key('x')",
            "public.revoke_api_key(gen_random_uuid())",
            "public.increment_user_quota('alice', 1)",
            "public.update_request_metrics('alice', null, 'supabase', true, 1)",
            "public.maintain_usage_partitions()");

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    @ParameterizedTest
    @ValueSource(strings = {"anon", "authenticated"})
    void refuseEveryTableAndPartitionToClients(String role) {
        List<String> tables = database
                .query(
                        "select c.oid::regclass::text as name from pg_class c join pg_namespace n "
                                + "on n.oid = c.relnamespace where n.nspname in ('public', 'sluice') and c.relkind in ('r', 'p')")
                .stream()
                .map(row -> String.valueOf(row.get("name")))
                .toList();

        assertThat(tables)
                .contains("user_quotas", "api_keys", "bucket_grants", "usage_events", "request_metrics")
                .hasSizeGreaterThan(45);
        for (String table : tables) {
            assertDenied(role, "select * from " + table);
            assertDenied(role, "delete from " + table);
            for (String privilege : List.of("select", "insert", "update", "delete", "truncate", "references")) {
                assertThat(database.text("select has_table_privilege(?, ?, ?)", role, table, privilege))
                        .as("%s %s on %s", role, privilege, table)
                        .isEqualTo("false");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"anon", "authenticated"})
    void refuseEveryFunctionToClients(String role) {
        FUNCTIONS.forEach(function -> assertDenied(role, "select " + function));
        assertThat(database.query(
                        "select oid::regprocedure from pg_proc where pronamespace = 'public'::regnamespace "
                                + "and has_function_privilege(?, oid, 'execute')",
                        role))
                .isEmpty();
        assertDenied(role, "select sluice.lock_rows(array['alice'])");
    }

    @Test
    void letTheServiceRoleCallEveryFunctionOfTheContractAndNoneInside() {
        FUNCTIONS.forEach(function -> as("service_role", "select " + function));
        assertDenied("service_role", "select sluice.lock_rows(array['alice'])");
    }

    @Test
    void nameEveryFunctionThatIsExposed() {
        assertThat(database.number(
                        "select count(*) from pg_proc where pronamespace = 'public'::regnamespace and prosecdef "
                                + "and proconfig @> array['search_path=\"\"']"))
                .isEqualTo(FUNCTIONS.size())
                .isEqualTo(database.number("select count(*) from pg_proc where pronamespace = 'public'::regnamespace"));
    }

    @Test
    void turnRowLevelSecurityOnEverywhere() {
        assertThat(database.query(
                        "select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                                + "where n.nspname in ('public', 'sluice') and c.relkind in ('r', 'p') "
                                + "and not c.relrowsecurity"))
                .isEmpty();
    }

    @Test
    void holdForThePartitionsToCome() {
        database.execute("select sluice.ensure_partition(sluice.today() + 8)");
        String partition = "sluice.usage_events_" + database.text("select to_char(sluice.today() + 8, 'YYYYMMDD')");

        assertDenied("authenticated", "select * from " + partition);
        assertThat(database.text("select has_table_privilege('authenticated', ?, 'select')", partition))
                .isEqualTo("false");
    }

    private void assertDenied(String role, String sql) {
        assertThatThrownBy(() -> as(role, sql))
                .as("%s: %s", role, sql)
                .isInstanceOfSatisfying(
                        RefusedByDatabase.class, e -> assertThat(e.sqlState()).isEqualTo(DENIED));
    }

    private void as(String role, String sql) {
        database.execute("set local role " + role + "; " + sql);
    }
}
