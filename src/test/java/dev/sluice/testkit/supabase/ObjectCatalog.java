package dev.sluice.testkit.supabase;

import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Listing and deleting objects, in the caller's role. */
final class ObjectCatalog {

    private final ProjectDatabase database;
    private final ObjectFiles files;

    ObjectCatalog(ProjectDatabase database, ObjectFiles files) {
        this.database = database;
        this.files = files;
    }

    /** {@code DELETE /object/{bucket}/{name}}. */
    Reply delete(Call call, Session session, String bucket, String name) throws SQLException, IOException {
        if (remove(call, session, bucket, List.of(name)).isEmpty()) {
            throw StorageProblem.noSuchKey();
        }
        return Reply.json(200, Json.object("message", "Successfully deleted"));
    }

    /** {@code DELETE /object/{bucket}}: exact names; those that are not visible are left out without a word. */
    Reply deleteAll(Call call, Session session, String bucket, List<String> names) throws SQLException, IOException {
        return Reply.json(
                200,
                remove(call, session, bucket, names).stream()
                        .map(ObjectRow::asDeleted)
                        .toList());
    }

    /** {@code POST /object/list/{bucket}}: one level below the prefix; a folder has a name and nothing else. */
    Reply list(Call call, Session session, String bucket, Map<String, Object> body) throws SQLException {
        String prefix = body.get("prefix") instanceof String given ? given : "";
        String folder = prefix.isEmpty() || prefix.endsWith("/") ? prefix : prefix + "/";
        List<ObjectRow> rows = database.run(
                session, call, Mode.READ_ONLY, connection -> StorageTables.under(connection, bucket, folder));
        Map<String, Map<String, @Nullable Object>> items = new LinkedHashMap<>();
        for (ObjectRow row : rows) {
            String rest = row.name().substring(folder.length());
            int slash = rest.indexOf('/');
            String name = slash < 0 ? rest : rest.substring(0, slash);
            if (body.get("search") instanceof String search && !name.contains(search)) {
                continue;
            }
            items.putIfAbsent(name, slash < 0 ? item(name, row) : item(name, null));
        }
        Object sort = body.get("sortBy") instanceof Map<?, ?> sortBy ? sortBy.get("order") : "asc";
        Comparator<String> order = "desc".equals(sort) ? Comparator.reverseOrder() : Comparator.naturalOrder();
        return Reply.json(
                200,
                items.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey(order))
                        .skip(number(body.get("offset"), 0))
                        .limit(number(body.get("limit"), 100))
                        .map(Map.Entry::getValue)
                        .toList());
    }

    private List<ObjectRow> remove(Call call, Session session, String bucket, List<String> names)
            throws SQLException, IOException {
        List<ObjectRow> removed =
                database.run(session, call, Mode.COMMIT, connection -> StorageTables.delete(connection, bucket, names));
        for (ObjectRow row : removed) {
            files.delete(row.version());
        }
        return removed;
    }

    private static Map<String, @Nullable Object> item(String name, @Nullable ObjectRow row) {
        return Json.object(
                "name", name,
                "id", row == null ? null : row.id(),
                "updated_at", row == null ? null : ObjectRow.time(row.updatedAt()),
                "created_at", row == null ? null : ObjectRow.time(row.createdAt()),
                "last_accessed_at", row == null ? null : ObjectRow.time(row.lastAccessedAt()),
                "metadata", row == null ? null : row.metadata());
    }

    private static long number(@Nullable Object value, long otherwise) {
        return value instanceof Number number ? number.longValue() : otherwise;
    }
}
