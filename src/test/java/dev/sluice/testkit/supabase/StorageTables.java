package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.ProjectDatabase.prepare;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The statements on {@code storage.objects}; row-level security and constraints are the database's. */
final class StorageTables {

    private static final String INSERT = "insert into storage.objects "
            + "(bucket_id, name, owner, owner_id, version, metadata, user_metadata) "
            + "values (?, ?, ?::uuid, ?, ?, ?::jsonb, ?::jsonb) ";

    private static final String OVERWRITE = "on conflict (bucket_id, name) do update set owner = excluded.owner, "
            + "owner_id = excluded.owner_id, version = excluded.version, metadata = excluded.metadata, "
            + "user_metadata = excluded.user_metadata, updated_at = now() ";

    private StorageTables() {}

    /** What is to be written; {@code owner} is the caller's {@code sub} and null for project keys. */
    record NewObject(
            String bucket,
            String name,
            @Nullable String owner,
            String version,
            Map<String, ? extends @Nullable Object> metadata,
            @Nullable String userMetadata) {}

    static void insert(Connection connection, NewObject object, boolean upsert) throws SQLException {
        write(connection, object, INSERT + (upsert ? OVERWRITE : ""));
    }

    /** The row's id, and the version that it had before, null for a new row. */
    record Replaced(String id, @Nullable String previousVersion) {}

    /** Writes the row whatever was there; one after the other for each name, so that no version is lost track of. */
    static Replaced replace(Connection connection, NewObject object) throws SQLException {
        try (PreparedStatement lock = prepare(
                connection,
                "select pg_advisory_xact_lock(hashtextextended(?, 0))",
                object.bucket + "/" + object.name)) {
            lock.execute();
        }
        ObjectRow before = find(connection, object.bucket, object.name);
        try (PreparedStatement statement = statement(connection, object, INSERT + OVERWRITE + "returning id");
                ResultSet row = statement.executeQuery()) {
            row.next();
            return new Replaced(row.getString(1), before == null ? null : before.version());
        }
    }

    static @Nullable ObjectRow find(Connection connection, String bucket, String name) throws SQLException {
        return first(rows(
                connection,
                "select " + ObjectRow.COLUMNS + " from storage.objects where bucket_id = ? and name = ?",
                bucket,
                name));
    }

    static List<ObjectRow> named(Connection connection, String bucket, List<String> names) throws SQLException {
        return rows(
                connection,
                "select " + ObjectRow.COLUMNS + " from storage.objects where bucket_id = ? and name = any(?)",
                bucket,
                connection.createArrayOf("text", names.toArray()));
    }

    static List<ObjectRow> under(Connection connection, String bucket, String prefix) throws SQLException {
        return rows(
                connection,
                "select " + ObjectRow.COLUMNS
                        + " from storage.objects where bucket_id = ? and starts_with(name, ?) order by name",
                bucket,
                prefix);
    }

    static List<ObjectRow> delete(Connection connection, String bucket, List<String> names) throws SQLException {
        return rows(
                connection,
                "delete from storage.objects where bucket_id = ? and name = any(?) returning " + ObjectRow.COLUMNS,
                bucket,
                connection.createArrayOf("text", names.toArray()));
    }

    /** Gives a row another name; false where no policy lets this role. */
    static boolean rename(Connection connection, String id, String bucket, String name) throws SQLException {
        try (PreparedStatement statement = prepare(
                connection,
                "update storage.objects set bucket_id = ?, name = ?, updated_at = now() where id = ?::uuid",
                bucket,
                name,
                id)) {
            return statement.executeUpdate() == 1;
        }
    }

    private static void write(Connection connection, NewObject object, String sql) throws SQLException {
        try (PreparedStatement statement = statement(connection, object, sql)) {
            statement.execute();
        }
    }

    private static PreparedStatement statement(Connection connection, NewObject object, String sql)
            throws SQLException {
        return prepare(
                connection,
                sql,
                object.bucket,
                object.name,
                uuid(object.owner),
                object.owner,
                object.version,
                Json.write(object.metadata),
                object.userMetadata);
    }

    private static List<ObjectRow> rows(Connection connection, String sql, Object... arguments) throws SQLException {
        try (PreparedStatement statement = prepare(connection, sql, arguments);
                ResultSet rows = statement.executeQuery()) {
            List<ObjectRow> result = new ArrayList<>();
            while (rows.next()) {
                result.add(ObjectRow.of(rows));
            }
            return result;
        }
    }

    private static @Nullable ObjectRow first(List<ObjectRow> rows) {
        return rows.isEmpty() ? null : rows.get(0);
    }

    private static @Nullable String uuid(@Nullable String owner) {
        if (owner == null) {
            return null;
        }
        try {
            return UUID.fromString(owner).toString();
        } catch (IllegalArgumentException notAUuid) {
            return null;
        }
    }
}
