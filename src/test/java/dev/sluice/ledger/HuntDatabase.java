package dev.sluice.ledger;

import static java.util.Objects.requireNonNull;

import dev.sluice.journal.UsageEvent;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;

/**
 * The shipped functions on a real Postgres, whose {@code now()} the test moves: the migrations are applied with
 * {@code now()} replaced by {@code hunt.now()}, and are otherwise byte for byte what is shipped.
 */
final class HuntDatabase implements AutoCloseable {

    static final JsonMapper JSON = JsonMapper.builder().build();

    private static final String CLOCK = """
            create schema hunt;
            create function hunt.now() returns timestamptz language sql stable as $$
              select pg_catalog.now()
                + coalesce(nullif(pg_catalog.current_setting('hunt.ahead', true), ''), '0 hours')::interval
            $$;
            """;

    private final Database database = Postgres.shared().emptyDatabase();
    private final Connection connection;
    private final Map<String, PreparedStatement> statements = new HashMap<>();
    private boolean changed = true;

    HuntDatabase() {
        database.execute(CLOCK);
        Postgres.migrations().forEach(sql -> database.execute(sql.replace("now()", "hunt.now()")));
        try {
            connection = database.dataSource().getConnection();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        run("select set_config('synchronous_commit', 'off', false)");
    }

    /** Sets how far the database's clock is ahead of the real time. */
    void ahead(int hours) {
        run("select set_config('hunt.ahead', ?, false)", hours + " hours");
    }

    /** Makes a row; with {@code period}, one of an hour which ends half an hour from now. */
    void insert(String user, long limit, long bytesLimit, boolean period) {
        run(
                "insert into user_quotas (user_id, \"limit\", bytes_limit, period, period_starts_at, period_ends_at) "
                        + "values (?, ?::bigint, ?::bigint, ?::interval, pg_catalog.now() - interval '30 min', "
                        + "case when ? = 'true' then pg_catalog.now() + interval '30 min' end) returning user_id",
                user,
                Long.toString(limit),
                Long.toString(bytesLimit),
                period ? "1 hour" : null,
                Boolean.toString(period));
    }

    /** The row as it stands, ended or not; null where there is none. */
    @Nullable QuotaRow row(String user) {
        List<String> rows = read("select to_jsonb(q) from user_quotas q where user_id = ?", user);
        return rows.isEmpty() ? null : JSON.readValue(rows.get(0), QuotaRow.class);
    }

    QuotaRow facts(String user) {
        String quota = run("select edge_facts(?, null) -> 'quota'", user).get(0);
        return quota == null || quota.equals("null") ? QuotaRow.NONE : JSON.readValue(quota, QuotaRow.class);
    }

    QuotaRow apply(List<UsageEvent> events) {
        return JSON.readValue(
                run("select to_jsonb(r) from apply_usage(?::jsonb) r", JSON.writeValueAsString(events))
                        .get(0),
                QuotaRow.class);
    }

    Reserved reserve(UsageEvent event, long defaultLimit) {
        String json = run(
                        "select reserve_quota(?, ?::bigint, ?::bigint, ?::bigint, ?::jsonb)",
                        event.userId(),
                        Long.toString(event.amount()),
                        Long.toString(event.bytes()),
                        Long.toString(defaultLimit),
                        JSON.writeValueAsString(event))
                .get(0);
        return new Reserved(JSON.readTree(json).get("allowed").booleanValue(), JSON.readValue(json, QuotaRow.class));
    }

    @Nullable QuotaRow quotasOf(String user) {
        List<String> rows = run("select to_jsonb(r) from quotas_of(array[?]) r", user);
        return rows.isEmpty() ? null : JSON.readValue(rows.get(0), QuotaRow.class);
    }

    void reset(String user) {
        run("update user_quotas set current = 0, bytes_current = 0 where user_id = ? returning user_id", user);
    }

    void lowerLimit(String user) {
        run("update user_quotas set \"limit\" = greatest(1, \"limit\" - 1) where user_id = ? returning user_id", user);
    }

    /** The ids that the database knows: {@code charge <id>} and {@code refund <id>}. */
    List<String> known(String user) {
        return read("select kind || ' ' || id from usage_events where user_id = ?", user);
    }

    /** Whether reserve_quota allowed it, and the row afterwards. */
    record Reserved(boolean allowed, QuotaRow row) {}

    /** Whether rows may have changed since this was asked last. */
    boolean changed() {
        boolean before = changed;
        changed = false;
        return before;
    }

    private List<String> run(String sql, @Nullable String... arguments) {
        changed = true;
        return read(sql, arguments);
    }

    private List<String> read(String sql, @Nullable String... arguments) {
        try {
            PreparedStatement statement = statements.get(sql);
            if (statement == null) {
                statement = connection.prepareStatement(sql);
                statements.put(sql, statement);
            }
            for (int i = 0; i < arguments.length; i++) {
                statement.setString(i + 1, arguments[i]);
            }
            List<String> values = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    values.add(rows.getString(1));
                }
            }
            return values;
        } catch (SQLException e) {
            throw new IllegalStateException(requireNonNull(e.getMessage()), e);
        }
    }

    @Override
    public void close() {
        try {
            connection.close();
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
        database.close();
    }
}
