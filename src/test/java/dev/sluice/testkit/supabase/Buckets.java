package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.ProjectDatabase.prepare;

import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import java.io.IOException;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The bucket routes, and the bucket's rules for the uploads. */
final class Buckets {

    private static final Pattern SIZE = Pattern.compile("(\\d+)\\s*(B|KB|MB|GB)?", Pattern.CASE_INSENSITIVE);
    private static final String COLUMNS =
            "id, name, coalesce(owner::text, '') as owner, public, type, file_size_limit, allowed_mime_types, created_at, updated_at";

    private final ProjectDatabase database;

    Buckets(ProjectDatabase database) {
        this.database = database;
    }

    /** A bucket; {@code fileSizeLimit} in bytes, both rules null where there is none. */
    record Bucket(
            String id,
            boolean isPublic,
            @Nullable Long fileSizeLimit,
            @Nullable List<String> allowedMimeTypes,
            Map<String, @Nullable Object> json) {

        /** Exact types and {@code type/*}; parameters of the type are not stripped, as in storage-api. */
        boolean allows(String mimeType) {
            return allowedMimeTypes == null
                    || allowedMimeTypes.stream().anyMatch(allowed -> matches(allowed, mimeType));
        }

        private static boolean matches(String allowed, String mimeType) {
            String family = allowed.substring(0, Math.max(0, allowed.length() - 1));
            boolean wildcard =
                    allowed.endsWith("/*") && mimeType.toLowerCase(Locale.ROOT).startsWith(family);
            return wildcard || allowed.equals("*/*") || allowed.equalsIgnoreCase(mimeType);
        }
    }

    Reply list(Call call, Session session) throws SQLException {
        String search = call.query().get("search");
        String column = call.query().getOrDefault("sortColumn", "created_at");
        String order = "desc".equals(call.query().get("sortOrder")) ? "desc" : "asc";
        if (!List.of("id", "name", "created_at", "updated_at").contains(column)) {
            throw StorageProblem.invalid("querystring/sortColumn must be equal to one of the allowed values");
        }
        List<Bucket> buckets = database.run(
                session,
                call,
                Mode.READ_ONLY,
                connection -> query(
                        connection,
                        "where ? = '' or name ilike '%' || ? || '%' order by " + column + " " + order
                                + " limit ? offset ?",
                        search == null ? "" : search,
                        search == null ? "" : search,
                        Long.parseLong(call.query().getOrDefault("limit", "1000")),
                        Long.parseLong(call.query().getOrDefault("offset", "0"))));
        return Reply.json(200, buckets.stream().map(Bucket::json).toList());
    }

    Reply get(Call call, Session session, String id) throws SQLException {
        Map<String, @Nullable Object> json = visible(call, session, id).json();
        json.remove("type");
        return Reply.json(200, json);
    }

    Reply create(Call call, Session session, Map<String, Object> body) throws SQLException, IOException {
        if (!(body.get("name") instanceof String name)) {
            throw StorageProblem.invalid("body must have required property 'name'");
        }
        String id = body.get("id") instanceof String given ? given : name;
        Object types = body.get("allowed_mime_types");
        Long limit = bytes(body.get("file_size_limit"));
        database.run(session, call, Mode.COMMIT, connection -> {
            Array mimeTypes = types instanceof List<?> list ? connection.createArrayOf("text", list.toArray()) : null;
            try (PreparedStatement insert = prepare(
                    connection,
                    "insert into storage.buckets (id, name, owner_id, public, file_size_limit, allowed_mime_types) "
                            + "values (?, ?, ?, ?, ?::bigint, ?::text[])",
                    id,
                    name,
                    session.sub(),
                    Boolean.TRUE.equals(body.get("public")),
                    limit,
                    mimeTypes)) {
                return insert.executeUpdate();
            }
        });
        return Reply.json(200, Json.object("name", id));
    }

    /** The bucket as this session sees it; not visible is not found. */
    Bucket visible(Call call, Session session, String id) throws SQLException {
        List<Bucket> found =
                database.run(session, call, Mode.READ_ONLY, connection -> query(connection, "where id = ?", id));
        if (found.isEmpty()) {
            throw StorageProblem.noSuchBucket();
        }
        return found.get(0);
    }

    private static List<Bucket> query(Connection connection, String rest, Object... arguments) throws SQLException {
        try (PreparedStatement statement =
                        prepare(connection, "select " + COLUMNS + " from storage.buckets " + rest, arguments);
                ResultSet row = statement.executeQuery()) {
            List<Bucket> buckets = new ArrayList<>();
            while (row.next()) {
                Array types = row.getArray("allowed_mime_types");
                List<String> allowed = types == null ? null : List.of((String[]) types.getArray());
                Long limit = row.getObject("file_size_limit", Long.class);
                Map<String, @Nullable Object> json = Json.object(
                        "id", row.getString("id"),
                        "name", row.getString("name"),
                        "owner", row.getString("owner"),
                        "public", row.getBoolean("public"),
                        "type", row.getString("type"),
                        "file_size_limit", limit,
                        "allowed_mime_types", allowed,
                        "created_at", ObjectRow.time(ObjectRow.instant(row, "created_at")),
                        "updated_at", ObjectRow.time(ObjectRow.instant(row, "updated_at")));
                buckets.add(new Bucket(
                        Objects.requireNonNull(row.getString("id")), row.getBoolean("public"), limit, allowed, json));
            }
            return buckets;
        }
    }

    private static @Nullable Long bytes(@Nullable Object limit) {
        if (limit == null) {
            return null;
        }
        Matcher size = SIZE.matcher(limit.toString().trim());
        if (!size.matches()) {
            throw StorageProblem.invalid("body/file_size_limit is not a size");
        }
        String unit = size.group(2) == null ? "B" : size.group(2).toUpperCase(Locale.ROOT);
        return Long.parseLong(size.group(1))
                * (long) Math.pow(1000, List.of("B", "KB", "MB", "GB").indexOf(unit));
    }
}
