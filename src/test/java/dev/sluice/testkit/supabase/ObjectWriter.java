package dev.sluice.testkit.supabase;

import dev.sluice.testkit.supabase.Buckets.Bucket;
import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import dev.sluice.testkit.supabase.StorageTables.NewObject;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What every way to write an object shares: the limits, the question to the policies, and the row of the bytes. */
final class ObjectWriter {

    private static final Pattern VALID_KEY = Pattern.compile("[\\w/!.*'() &$@=;:+,?-]+");

    private final ProjectDatabase database;
    private final ObjectFiles files;
    private final long maxBytes;

    ObjectWriter(ProjectDatabase database, ObjectFiles files, long maxBytes) {
        this.database = database;
        this.files = files;
        this.maxBytes = maxBytes;
    }

    /** The name to write and who owns it; null for project keys. */
    record Target(String bucket, String name, @Nullable String owner) {}

    /** Bytes that are stored, and what is said of them. */
    record Content(
            ObjectFiles.Stored stored,
            String mimeType,
            String cacheControl,
            @Nullable String userMetadata) {}

    static void checkKey(String name) {
        if (!VALID_KEY.matcher(name).matches()) {
            throw StorageProblem.invalidKey(name);
        }
    }

    /** The server's limit in bytes for any bucket. */
    long maxBytes() {
        return maxBytes;
    }

    /** The limit in bytes for an object in this bucket. */
    long maxBytes(Bucket bucket) {
        Long own = bucket.fileSizeLimit();
        return own == null ? maxBytes : Math.min(own, maxBytes);
    }

    /** Really inserts the row in the caller's role and rolls back: policies and duplicates are the database's verdict. */
    void probe(Call call, Session session, NewObject object, boolean upsert) throws SQLException {
        database.run(session, call, Mode.ROLLBACK, connection -> {
            StorageTables.insert(connection, object, upsert);
            return object;
        });
    }

    /** Makes this version the object's, whatever was there, and returns the row's id; deletes the bytes that lose. */
    String commit(Call call, Target target, String version, Content content) throws SQLException, IOException {
        Map<String, @Nullable Object> metadata = Json.object(
                "eTag", content.stored.eTag(),
                "size", content.stored.bytes(),
                "mimetype", content.mimeType,
                "cacheControl", content.cacheControl,
                "lastModified", ObjectRow.time(Instant.now()),
                "contentLength", content.stored.bytes(),
                "httpStatusCode", 200);
        String userMetadata = content.userMetadata == null ? "{}" : content.userMetadata;
        NewObject object = new NewObject(target.bucket, target.name, target.owner, version, metadata, userMetadata);
        try {
            StorageTables.Replaced replaced = database.run(
                    Session.SERVER, call, Mode.COMMIT, connection -> StorageTables.replace(connection, object));
            files.delete(replaced.previousVersion());
            return replaced.id();
        } catch (SQLException e) {
            files.delete(version);
            throw e;
        }
    }
}
