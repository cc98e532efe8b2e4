package dev.sluice.testkit.supabase;

import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import dev.sluice.testkit.supabase.StorageTables.NewObject;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Moving and copying objects, in the caller's role. What is not visible is not found. */
final class ObjectMoves {

    private final ProjectDatabase database;
    private final ObjectFiles files;
    private final ObjectWriter writer;

    ObjectMoves(ProjectDatabase database, ObjectFiles files, ObjectWriter writer) {
        this.database = database;
        this.files = files;
        this.writer = writer;
    }

    /** The names of a request's body, checked. */
    record Names(String bucket, String source, String toBucket, String destination) {

        static Names of(Map<String, Object> body) {
            for (String required : List.of("bucketId", "sourceKey", "destinationKey")) {
                if (!(body.get(required) instanceof String)) {
                    throw StorageProblem.invalid("body must have required property '" + required + "'");
                }
            }
            String bucket = String.valueOf(body.get("bucketId"));
            String destination = String.valueOf(body.get("destinationKey"));
            ObjectWriter.checkKey(destination);
            return new Names(
                    bucket,
                    String.valueOf(body.get("sourceKey")),
                    body.get("destinationBucket") instanceof String given ? given : bucket,
                    destination);
        }
    }

    /** {@code POST /object/move}. */
    Reply move(Call call, Session session, Names names) throws SQLException {
        database.run(session, call, Mode.COMMIT, connection -> {
            ObjectRow row = StorageTables.find(connection, names.bucket, names.source);
            if (row == null || !StorageTables.rename(connection, row.id(), names.toBucket, names.destination)) {
                throw StorageProblem.noSuchKey();
            }
            return row;
        });
        return Reply.json(200, Json.object("message", "Successfully moved"));
    }

    /** {@code POST /object/copy}: the copy is the caller's, with the metadata of the source. */
    Reply copy(Call call, Session session, Names names) throws SQLException, IOException {
        ObjectRow source = found(call, session, names.bucket, names.source);
        ObjectWriter.Target target = new ObjectWriter.Target(names.toBucket, names.destination, session.sub());
        writer.probe(
                call,
                session,
                new NewObject(
                        target.bucket(),
                        target.name(),
                        target.owner(),
                        "probe",
                        source.metadata(),
                        Json.write(source.userMetadata())),
                "true".equals(call.header("x-upsert")));
        String version = UUID.randomUUID().toString();
        ObjectFiles.Stored stored;
        try (InputStream bytes = Files.newInputStream(files.file(String.valueOf(source.version())))) {
            stored = files.store(version, bytes, Long.MAX_VALUE);
        }
        String id = writer.commit(
                call,
                target,
                version,
                new ObjectWriter.Content(
                        stored,
                        source.text("mimetype"),
                        source.text("cacheControl"),
                        Json.write(source.userMetadata())));
        Map<String, @Nullable Object> reply = Json.object("Id", id, "Key", target.bucket() + "/" + target.name());
        reply.putAll(found(call, Session.SERVER, target.bucket(), target.name()).asDeleted());
        return Reply.json(200, reply);
    }

    private ObjectRow found(Call call, Session session, String bucket, String name) throws SQLException {
        return database.run(session, call, Mode.READ_ONLY, connection -> {
            ObjectRow row = StorageTables.find(connection, bucket, name);
            if (row == null) {
                throw StorageProblem.noSuchKey();
            }
            return row;
        });
    }
}
