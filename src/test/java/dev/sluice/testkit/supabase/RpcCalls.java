package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.ProjectDatabase.prepare;
import static dev.sluice.testkit.supabase.RowQuery.quote;

import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code /rpc/{function}}: any function of an exposed schema with named arguments, which the database itself converts
 * from JSON. An array as the body of such a function is one call with its first element, as in PostgREST.
 */
final class RpcCalls {

    private final ProjectDatabase database;

    RpcCalls(ProjectDatabase database) {
        this.database = database;
    }

    Reply post(Call call, Session session, String schema, String name) throws SQLException, IOException {
        byte[] bytes = call.bytes();
        String text = bytes.length == 0 ? "{}" : new String(bytes, StandardCharsets.UTF_8);
        Object body = Json.read(text.getBytes(StandardCharsets.UTF_8));
        if (body == null && !text.trim().equals("null")) {
            throw new RestProblem(400, "PGRST102", null, null, "Empty or invalid json");
        }
        List<RpcFunction> functions = find(call, schema, name);
        RpcFunction function = RpcFunction.select(functions, schema, name, argumentNames(body));
        Mode mode = function.reads() ? Mode.READ_ONLY : Mode.COMMIT;
        return invoke(call, session, function, argumentNames(body), text, RowQuery.of(call), mode);
    }

    Reply get(Call call, Session session, String schema, String name) throws SQLException {
        Map<String, Object> arguments = new LinkedHashMap<>(call.query());
        RowQuery.RESERVED.forEach(arguments::remove);
        List<RpcFunction> functions = find(call, schema, name);
        RpcFunction function = RpcFunction.select(functions, schema, name, arguments.keySet());
        for (int i = 0; i < function.names().size(); i++) {
            String argument = function.names().get(i);
            if (arguments.containsKey(argument) && function.types().get(i).startsWith("json")) {
                Object parsed =
                        Json.read(String.valueOf(arguments.get(argument)).getBytes(StandardCharsets.UTF_8));
                arguments.put(argument, parsed == null ? "" : parsed);
            }
        }
        RowQuery query = RowQuery.without(call, arguments.keySet());
        return invoke(
                call, session, function, Set.copyOf(arguments.keySet()), Json.write(arguments), query, Mode.READ_ONLY);
    }

    private List<RpcFunction> find(Call call, String schema, String name) throws SQLException {
        return database.run(
                Session.SERVER, call, Mode.READ_ONLY, connection -> RpcFunction.named(connection, schema, name));
    }

    private Reply invoke(
            Call call, Session session, RpcFunction function, Set<String> given, String body, RowQuery query, Mode mode)
            throws SQLException {
        boolean object = RestApi.wantsObject(call) && function.composite();
        String sql = sql(function, given, query, object || !function.set());
        return database.run(session, call, mode, connection -> {
            try (PreparedStatement statement = prepare(connection, sql, body);
                    ResultSet row = statement.executeQuery()) {
                row.next();
                long rows = row.getLong(1);
                String range = RestApi.contentRange(rows);
                if (function.isVoid()) {
                    return Reply.empty(204).with("content-range", range);
                }
                if (object && rows != 1) {
                    throw RestProblem.notOneRow(rows);
                }
                return RestApi.rows(object, row.getString(2), range, function.schema());
            }
        });
    }

    /** One statement, as PostgREST writes it: arguments from JSON, the call, its result as JSON. */
    private static String sql(RpcFunction function, Set<String> given, RowQuery query, boolean single) {
        StringBuilder sql = new StringBuilder("with payload as (select ?::json as data)");
        List<String> arguments = new ArrayList<>();
        if (function.takesWholeBody()) {
            arguments.add("(select data::" + function.types().get(0) + " from payload)");
        } else if (!given.isEmpty()) {
            List<String> columns = new ArrayList<>();
            for (int i = 0; i < function.names().size(); i++) {
                String name = quote(function.names().get(i));
                if (given.contains(function.names().get(i))) {
                    columns.add(name + " " + function.types().get(i));
                    arguments.add(name + " := (select " + name + " from args)");
                }
            }
            sql.append(", args as (select * from json_to_recordset((select case json_typeof(data) when 'array' ")
                    .append("then data else json_build_array(data) end from payload)) as _(")
                    .append(String.join(", ", columns))
                    .append(") limit 1)");
        }
        String call =
                quote(function.schema()) + "." + quote(function.name()) + "(" + String.join(", ", arguments) + ")";
        String item = function.composite() ? "source" : "source.scalar";
        if (function.composite()) {
            sql.append(", called as materialized (select * from ").append(call).append(" as _), source as (");
            sql.append(query.sql("called")).append(")");
        } else {
            sql.append(", source as materialized (select ").append(call).append(" as scalar)");
        }
        if (function.isVoid()) {
            return sql.append(" select count(*), 'null' from source").toString();
        }
        String json =
                single ? "coalesce(json_agg(" + item + ") -> 0, 'null')" : "coalesce(json_agg(" + item + "), '[]')";
        return sql.append(" select count(*), ")
                .append(json)
                .append("::text from source")
                .toString();
    }

    private static Set<String> argumentNames(@Nullable Object body) {
        Object first = body instanceof List<?> list && !list.isEmpty() ? list.get(0) : body;
        return first instanceof Map<?, ?> map
                ? Set.copyOf(map.keySet().stream().map(String::valueOf).toList())
                : Set.of();
    }
}
