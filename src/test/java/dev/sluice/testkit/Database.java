package dev.sluice.testkit;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One database of the shared {@link Postgres}, used as its superuser through a small bounded pool.
 *
 * <p>An error of the database comes as {@link RefusedByDatabase}. Closing it drops the database, whoever is connected.
 */
public final class Database implements AutoCloseable {

    private static final int MAX_POOL_SIZE = 20;

    private final PostgresServer server;
    private final String name;
    private final Runnable drop;
    private final HikariDataSource pool;

    Database(PostgresServer server, String name, Runnable drop) {
        this.server = server;
        this.name = name;
        this.drop = drop;
        HikariConfig config = new HikariConfig();
        config.setPoolName(name);
        config.setJdbcUrl(jdbcUrl());
        config.setUsername(user());
        config.setPassword(password());
        config.setMaximumPoolSize(MAX_POOL_SIZE);
        config.setMinimumIdle(0);
        this.pool = new HikariDataSource(config);
    }

    public String jdbcUrl() {
        return server.jdbcUrl(name);
    }

    public String user() {
        return server.user();
    }

    public String password() {
        return server.password();
    }

    /** At most {@value #MAX_POOL_SIZE} connections; a caller past that waits for one. */
    public DataSource dataSource() {
        return pool;
    }

    /** Runs a script of one or more statements, in one transaction. */
    public void execute(String script) {
        inTransaction(connection -> {
            try (Statement statement = connection.createStatement()) {
                statement.setEscapeProcessing(false);
                return statement.execute(script);
            }
        });
    }

    /** Runs one statement with its {@code ?} filled in; answers how many rows it changed. */
    public int update(String sql, @Nullable Object... arguments) {
        return inTransaction(connection -> {
            try (PreparedStatement statement = prepare(connection, sql, arguments)) {
                return statement.executeUpdate();
            }
        });
    }

    /** The rows of one query, each by column name. */
    public List<Map<String, @Nullable Object>> query(String sql, @Nullable Object... arguments) {
        return inTransaction(connection -> {
            try (PreparedStatement statement = prepare(connection, sql, arguments);
                    ResultSet rows = statement.executeQuery()) {
                List<Map<String, @Nullable Object>> result = new ArrayList<>();
                while (rows.next()) {
                    result.add(row(rows));
                }
                return result;
            }
        });
    }

    /** The first column of the only row as text, null when it is null. Any other number of rows is an error. */
    public @Nullable String text(String sql, @Nullable Object... arguments) {
        List<Map<String, @Nullable Object>> rows = query(sql, arguments);
        if (rows.size() != 1) {
            throw new IllegalStateException(rows.size() + " rows instead of one: " + sql);
        }
        Object value = rows.get(0).values().iterator().next();
        return value == null ? null : value.toString();
    }

    /** The first column of the only row as a number; null is an error. */
    public long number(String sql, @Nullable Object... arguments) {
        String text = text(sql, arguments);
        if (text == null) {
            throw new IllegalStateException("null instead of a number: " + sql);
        }
        return Long.parseLong(text);
    }

    /** Runs the work on one connection, in one transaction that is committed unless it throws. */
    public <T extends @Nullable Object> T inTransaction(Work<T> work) {
        try (Connection connection = pool.getConnection()) {
            connection.setAutoCommit(false);
            try {
                T result = work.on(connection);
                connection.commit();
                return result;
            } catch (SQLException e) {
                connection.rollback();
                throw e;
            }
        } catch (SQLException e) {
            throw new RefusedByDatabase(e);
        }
    }

    @Override
    public void close() {
        pool.close();
        drop.run();
    }

    private static PreparedStatement prepare(Connection connection, String sql, @Nullable Object... arguments)
            throws SQLException {
        PreparedStatement statement = connection.prepareStatement(sql);
        for (int i = 0; i < arguments.length; i++) {
            statement.setObject(i + 1, arguments[i]);
        }
        return statement;
    }

    private static Map<String, @Nullable Object> row(ResultSet rows) throws SQLException {
        ResultSetMetaData columns = rows.getMetaData();
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        for (int i = 1; i <= columns.getColumnCount(); i++) {
            row.put(columns.getColumnLabel(i), rows.getObject(i));
        }
        return row;
    }

    /** What is done on one connection. */
    @FunctionalInterface
    public interface Work<T extends @Nullable Object> {
        T on(Connection connection) throws SQLException;
    }

    /** The database answered with an error. */
    public static final class RefusedByDatabase extends RuntimeException {

        private static final long serialVersionUID = 1L;

        private final String sqlState;

        RefusedByDatabase(SQLException cause) {
            super(cause.getMessage(), cause);
            this.sqlState = String.valueOf(cause.getSQLState());
        }

        /** The five characters of the SQLSTATE, such as {@code 22023}. */
        public String sqlState() {
            return sqlState;
        }
    }
}
