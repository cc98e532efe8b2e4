package dev.sluice.testkit.supabase;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions on the project's database in the caller's role, with the settings ({@code request.jwt.claims} and the
 * like) that policies and functions read, as PostgREST and storage-api open them.
 */
final class ProjectDatabase {

    /** What is done in a transaction. */
    @FunctionalInterface
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    /** Whether the transaction is kept, thrown away in any case (a probe), or may not write. */
    enum Mode {
        COMMIT,
        ROLLBACK,
        READ_ONLY
    }

    private static final Logger LOG = LoggerFactory.getLogger(ProjectDatabase.class);

    private final DataSource dataSource;
    private final Duration statementTimeout;

    ProjectDatabase(DataSource dataSource, Duration statementTimeout) {
        this.dataSource = dataSource;
        this.statementTimeout = statementTimeout;
    }

    <T> T run(Session session, Call call, Mode mode, Work<T> work) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            boolean kept = false;
            try {
                connection.setReadOnly(mode == Mode.READ_ONLY);
                enter(connection, session, call);
                T result = work.on(connection);
                if (mode != Mode.ROLLBACK) {
                    connection.commit();
                    connection.setReadOnly(false);
                    kept = true;
                }
                return result;
            } finally {
                if (!kept) {
                    giveUp(connection);
                }
            }
        }
    }

    /** Ends a transaction that failed or was a probe; a connection that cannot is the pool's to throw away. */
    private static void giveUp(Connection connection) {
        try {
            connection.rollback();
            connection.setReadOnly(false);
        } catch (SQLException e) {
            LOG.debug("a transaction could not be rolled back", e);
        }
    }

    private void enter(Connection connection, Session session, Call call) throws SQLException {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("statement_timeout", statementTimeout.toMillis() + "ms");
        settings.put("request.method", call.method());
        settings.put("request.path", call.rawPath());
        settings.put("request.headers", Json.write(RecordedRequest.of(call).headers()));
        settings.put("request.jwt.claims", session.claims());
        settings.put("request.jwt.claim.sub", session.sub() == null ? "" : session.sub());
        String role = session.role();
        if (role != null) {
            settings.put("request.jwt.claim.role", role);
            settings.put("role", role);
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "select " + "set_config(?, ?, true), ".repeat(settings.size() - 1) + "set_config(?, ?, true)")) {
            int index = 1;
            for (Map.Entry<String, String> setting : settings.entrySet()) {
                statement.setString(index++, setting.getKey());
                statement.setString(index++, setting.getValue());
            }
            statement.execute();
        }
    }

    /** A prepared statement with its {@code ?} filled in; strings go untyped so that any column takes them. */
    static PreparedStatement prepare(Connection connection, String sql, @Nullable Object... arguments)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < arguments.length; i++) {
            Object argument = arguments[i];
            if (argument instanceof String || argument == null) {
                statement.setObject(i + 1, argument, java.sql.Types.OTHER);
            } else {
                statement.setObject(i + 1, argument);
            }
        }
        return statement;
    }
}
