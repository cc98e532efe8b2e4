package dev.sluice.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.sluice.testkit.Database;
import dev.sluice.testkit.Database.RefusedByDatabase;
import dev.sluice.testkit.Postgres;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ApplicationFunctionsIT {

    @AutoClose
    private final Database database = Postgres.shared().newDatabase();

    private final Edge edge = new Edge(database);

    @AfterEach
    void forgetEverything() {
        edge.forgetEverything();
    }

    @Test
    void incrementUserQuotaAddsAndMakesTheRow() {
        database.execute("select public.increment_user_quota('alice', 2)");
        database.execute("select public.increment_user_quota(p_user_id => 'alice', p_amount => 3)");
        database.execute("select public.increment_user_quota('alice', -1)");

        assertThat(edge.current("alice")).isEqualTo(4);
        assertThat(edge.version("alice")).isEqualTo(4);
    }

    @Test
    void incrementUserQuotaLosesNoneOfManyAtOnce() throws Exception {
        List<Callable<Object>> tasks = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            tasks.add(() -> {
                for (int j = 0; j < 10; j++) {
                    database.execute("select public.increment_user_quota('alice', 1)");
                }
                return "done";
            });
        }

        Concurrently.run(tasks);

        assertThat(edge.current("alice")).isEqualTo(100);
    }

    @Test
    void incrementUserQuotaRefusesWhatIsNoUserAndWhatIsOutOfRange() {
        assertInvalid("select public.increment_user_quota('', 1)");
        assertInvalid("select public.increment_user_quota('alice', null)");
        assertInvalid("select public.increment_user_quota('alice', 9007199254740992)");
        database.execute("select public.increment_user_quota('alice', 9007199254740991)");
        assertInvalid("select public.increment_user_quota('alice', 1)");
    }

    @Test
    void updateRequestMetricsCountsOneRequestOfToday() {
        database.execute("select public.update_request_metrics('alice', 'k1', 'supabase', true, 10)");
        database.execute("select public.update_request_metrics(p_user_id => 'alice', p_api_key_id => 'k1', "
                + "p_provider => 'supabase', p_success => false, p_file_size => 5)");

        assertThat(database.query("select api_key_id, provider, requests, failures, bytes, "
                        + "day = (now() at time zone 'UTC')::date as today from public.request_metrics"))
                .singleElement()
                .hasToString("{api_key_id=k1, provider=supabase, requests=2, failures=1, bytes=15, today=true}");
    }

    @Test
    void updateRequestMetricsCountsWithoutAKeyUnderTheEmptyKey() {
        database.execute("select public.update_request_metrics('alice', null, null, true, null)");
        database.execute("select public.update_request_metrics('alice', null, null, true, null)");

        assertThat(database.query("select api_key_id, provider, requests, bytes from public.request_metrics"))
                .singleElement()
                .hasToString("{api_key_id=, provider=, requests=2, bytes=0}");
    }

    @Test
    void updateRequestMetricsRefusesWhatIsNoUserAndNoSize() {
        assertInvalid("select public.update_request_metrics(null, 'k1', 'supabase', true, 10)");
        assertInvalid("select public.update_request_metrics('alice', 'k1', 'supabase', true, -1)");
    }

    private void assertInvalid(String sql) {
        assertThatThrownBy(() -> database.execute(sql))
                .isInstanceOfSatisfying(
                        RefusedByDatabase.class, e -> assertThat(e.sqlState()).isEqualTo("22023"));
    }
}
