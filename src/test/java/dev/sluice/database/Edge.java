package dev.sluice.database;

import dev.sluice.testkit.Database;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The functions as the gateway calls them: as {@code service_role}, a transaction each. */
record Edge(Database database) {

    private static final JsonMapper JSON = JsonMapper.shared();

    /** Leaves a database as the migrations made it, which costs less than another database. */
    void forgetEverything() {
        database.execute("delete from public.user_quotas; delete from public.api_keys; "
                + "delete from public.bucket_grants; delete from public.usage_events; "
                + "delete from public.request_metrics");
    }

    /** The rows by user, each in the JSON of PostgREST. */
    Map<String, JsonNode> applyUsage(Event... events) {
        return rows("select to_jsonb(r) from public.apply_usage(?::jsonb) r", Event.array(events));
    }

    Map<String, JsonNode> applyUsage(String json) {
        return rows("select to_jsonb(r) from public.apply_usage(?::jsonb) r", json);
    }

    /** Applies one event; the row of its user. */
    JsonNode apply(Event event) {
        return Objects.requireNonNull(applyUsage(event).get(event.userId()));
    }

    Map<String, JsonNode> quotasOf(String... userIds) {
        return rows("select to_jsonb(r) from public.quotas_of(?) r", (Object) userIds);
    }

    JsonNode edgeFacts(String userId, @Nullable String bucket) {
        return json("select public.edge_facts(?, ?)", userId, bucket);
    }

    /** Reserves what the event charges. */
    JsonNode reserve(Event event, @Nullable Long defaultLimit) {
        return json(
                "select public.reserve_quota(?, ?, ?, ?, ?::jsonb)",
                event.userId(),
                event.amount(),
                event.bytes(),
                defaultLimit,
                event.json());
    }

    long current(String userId) {
        return database.number("select current from public.user_quotas where user_id = ?", userId);
    }

    long version(String userId) {
        return database.number("select version from public.user_quotas where user_id = ?", userId);
    }

    JsonNode json(String sql, @Nullable Object... arguments) {
        return rows("select jsonb_build_object('user_id', 'only', 'answer', (" + sql + "))", arguments)
                .values()
                .iterator()
                .next()
                .get("answer");
    }

    private Map<String, JsonNode> rows(String sql, @Nullable Object... arguments) {
        return database.inTransaction(connection -> {
            try (Statement role = connection.createStatement();
                    PreparedStatement statement = connection.prepareStatement(sql)) {
                role.execute("set local role service_role");
                for (int i = 0; i < arguments.length; i++) {
                    statement.setObject(i + 1, arguments[i]);
                }
                Map<String, JsonNode> rows = new LinkedHashMap<>();
                try (ResultSet result = statement.executeQuery()) {
                    while (result.next()) {
                        JsonNode row = JSON.readTree(result.getString(1));
                        rows.put(row.get("user_id").asString(), row);
                    }
                }
                return rows;
            }
        });
    }
}
