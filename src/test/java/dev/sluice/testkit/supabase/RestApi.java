package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.RowQuery.quote;

import dev.sluice.testkit.supabase.Endpoint.Handler;
import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;

/** The routes of PostgREST: functions, and reading tables. */
final class RestApi {

    private static final String OBJECT = "application/vnd.pgrst.object+json";
    private static final String BEARER = "Bearer ";

    private final RestJwt jwt;
    private final ProjectDatabase database;
    private final RpcCalls calls;
    private final List<String> schemas;

    RestApi(RestJwt jwt, ProjectDatabase database, List<String> schemas) {
        this.jwt = jwt;
        this.database = database;
        this.calls = new RpcCalls(database);
        this.schemas = schemas;
    }

    /** What answers this call; {@code path} begins with a slash, after the gateway's prefix. */
    Endpoint endpoint(Call call, String path) {
        boolean reads = call.method().equals("GET") || call.method().equals("HEAD");
        if (path.startsWith("/rpc/")) {
            String function = Call.decodeLeniently(path.substring("/rpc/".length()));
            return endpoint("rest.rpc." + function, (c, session, schema) -> {
                if (reads) {
                    return calls.get(c, session, schema, function);
                }
                if (!c.method().equals("POST")) {
                    throw new RestProblem(405, "PGRST101", null, null, "Only GET and POST are allowed on RPC");
                }
                return calls.post(c, session, schema, function);
            });
        }
        String table = Call.decodeLeniently(path.substring(1));
        return endpoint("rest.table." + table, (c, session, schema) -> {
            if (!reads) {
                throw new RestProblem(405, "PGRST117", null, null, "Unsupported HTTP method: " + c.method());
            }
            return table(c, session, schema, table);
        });
    }

    static boolean wantsObject(Call call) {
        String accept = call.header(HttpHeaderNames.ACCEPT);
        return accept != null && accept.contains(OBJECT);
    }

    static String contentRange(long rows) {
        return rows == 0 ? "*/*" : "0-" + (rows - 1) + "/*";
    }

    static Reply rows(boolean object, String json, String range, String schema) {
        return new Reply(
                200,
                Map.of(
                        "content-type",
                        object ? OBJECT + "; charset=utf-8" : Reply.JSON,
                        "content-range",
                        range,
                        "content-profile",
                        schema,
                        "server",
                        "postgrest/12.0.2"),
                json,
                null,
                true);
    }

    private Reply table(Call call, Session session, String schema, String table) throws SQLException {
        boolean object = wantsObject(call);
        String source = RowQuery.of(call).sql(quote(schema) + "." + quote(table));
        String json = object ? "coalesce(json_agg(source) -> 0, 'null')" : "coalesce(json_agg(source), '[]')";
        String sql = "with source as (" + source + ") select count(*), " + json + "::text from source";
        return database.run(session, call, Mode.READ_ONLY, connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql);
                    ResultSet row = statement.executeQuery()) {
                row.next();
                long rows = row.getLong(1);
                if (object && rows != 1) {
                    throw RestProblem.notOneRow(rows);
                }
                return rows(object, row.getString(2), contentRange(rows), schema);
            }
        });
    }

    @FunctionalInterface
    private interface Route {
        Reply handle(Call call, Session session, String schema) throws Exception;
    }

    private Endpoint endpoint(String name, Route route) {
        Handler handler = call -> {
            boolean anonymous = true;
            try {
                Session session = session(call);
                anonymous = "anon".equals(session.role());
                return route.handle(call, session, schema(call));
            } catch (RestProblem e) {
                return e.reply();
            } catch (SQLException e) {
                return RestProblem.of(e, anonymous).reply();
            }
        };
        return new Endpoint(name, handler);
    }

    private Session session(Call call) {
        String authorization = call.header(HttpHeaderNames.AUTHORIZATION);
        if (authorization == null || !authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return Session.anonymous();
        }
        try {
            return Session.of(jwt.verify(authorization.substring(BEARER.length())));
        } catch (JwtRefused e) {
            throw RestProblem.token(String.valueOf(e.getMessage()));
        }
    }

    private String schema(Call call) {
        boolean reads = call.method().equals("GET") || call.method().equals("HEAD");
        String schema = call.header(reads ? "accept-profile" : "content-profile");
        if (schema == null) {
            return schemas.get(0);
        }
        if (!schemas.contains(schema)) {
            throw new RestProblem(
                    406,
                    "PGRST106",
                    null,
                    null,
                    "The schema must be one of the following: " + String.join(", ", schemas));
        }
        return schema;
    }
}
