package dev.sluice.testkit.supabase;

import java.nio.charset.StandardCharsets;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A row of {@code storage.objects}. */
record ObjectRow(
        String id,
        String bucketId,
        String name,
        @Nullable String owner,
        @Nullable String ownerId,
        @Nullable String version,
        Instant createdAt,
        Instant updatedAt,
        Instant lastAccessedAt,
        Map<String, Object> metadata,
        Map<String, Object> userMetadata) {

    static final String COLUMNS = "id, bucket_id, name, owner, owner_id, version, created_at, updated_at, "
            + "last_accessed_at, metadata, user_metadata";

    private static final DateTimeFormatter MILLIS =
            DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    static ObjectRow of(ResultSet row) throws SQLException {
        return new ObjectRow(
                row.getString("id"),
                row.getString("bucket_id"),
                row.getString("name"),
                row.getString("owner"),
                row.getString("owner_id"),
                row.getString("version"),
                instant(row, "created_at"),
                instant(row, "updated_at"),
                instant(row, "last_accessed_at"),
                object(row.getString("metadata")),
                object(row.getString("user_metadata")));
    }

    /** As an item of the list of deleted objects. */
    Map<String, @Nullable Object> asDeleted() {
        return Json.object(
                "name", name,
                "bucket_id", bucketId,
                "owner", owner,
                "owner_id", ownerId,
                "version", version,
                "id", id,
                "updated_at", time(updatedAt),
                "created_at", time(createdAt),
                "last_accessed_at", time(lastAccessedAt),
                "metadata", metadata,
                "user_metadata", userMetadata);
    }

    /** As the answer of {@code GET /object/info}. */
    Map<String, @Nullable Object> asInfo() {
        return Json.object(
                "id", id,
                "name", name,
                "version", version,
                "bucket_id", bucketId,
                "size", size(),
                "content_type", text("mimetype"),
                "cache_control", text("cacheControl"),
                "etag", text("eTag"),
                "metadata", userMetadata,
                "last_modified", time(updatedAt),
                "created_at", time(createdAt));
    }

    long size() {
        return metadata.get("size") instanceof Number size ? size.longValue() : 0;
    }

    String text(String member) {
        return String.valueOf(metadata.get(member));
    }

    static String time(Instant instant) {
        return MILLIS.format(instant);
    }

    static Instant instant(ResultSet row, String column) throws SQLException {
        return Objects.requireNonNull(row.getObject(column, OffsetDateTime.class))
                .toInstant();
    }

    private static Map<String, Object> object(@Nullable String json) {
        Map<String, Object> object = json == null ? null : Json.readObject(json.getBytes(StandardCharsets.UTF_8));
        return object == null ? Map.of() : object;
    }
}
