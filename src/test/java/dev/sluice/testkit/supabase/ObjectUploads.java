package dev.sluice.testkit.supabase;

import dev.sluice.testkit.supabase.Buckets.Bucket;
import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import dev.sluice.testkit.supabase.StorageTables.NewObject;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Signing of uploads and the uploads themselves. A sign request really inserts the row in the caller's role and rolls
 * back, so policies, duplicates and the bucket's existence are the database's verdict. An upload asks before it takes
 * the body and overwrites after it, as storage-api does: of concurrent uploads to one name the last one wins.
 */
final class ObjectUploads {

    private static final Pattern VALID_KEY = Pattern.compile("[\\w/!.*'() &$@=;:+,?-]+");

    private final ProjectDatabase database;
    private final Buckets buckets;
    private final ObjectFiles files;
    private final SignedTokens tokens;
    private final long maxBytes;
    private final boolean limitsChunked;

    ObjectUploads(ProjectDatabase database, Buckets buckets, ObjectFiles files, SignedTokens tokens, Options options) {
        this.database = database;
        this.buckets = buckets;
        this.files = files;
        this.tokens = tokens;
        this.maxBytes = options.fileSizeLimit();
        this.limitsChunked = options.limitsChunked();
    }

    /** {@code POST /object/upload/sign/{bucket}/{name}}. */
    Reply sign(Call call, Session session, String bucket, String name) throws SQLException {
        boolean upsert = "true".equals(call.header("x-upsert"));
        Map<String, @Nullable Object> metadata = Json.object("mimetype", call.header(HttpHeaderNames.CONTENT_TYPE));
        if (call.contentLength() >= 0) {
            metadata.put("contentLength", call.contentLength());
        }
        probe(call, session, new NewObject(bucket, name, session.sub(), "probe", metadata, userMetadata(call)), upsert);
        String url = bucket + "/" + name;
        String token = tokens.upload(session.sub(), url, upsert);
        return Reply.json(200, Json.object("url", "/object/upload/sign/" + url + "?token=" + token, "token", token));
    }

    /** {@code PUT /object/upload/sign/{bucket}/{name}?token=…}: the token decides, no bearer and no policy. */
    Reply uploadSigned(Call call, String bucket, String name) throws SQLException, IOException {
        Map<String, Object> claims = tokens.verified(call, "upload", bucket + "/" + name);
        String owner = claims.get("owner") instanceof String sub ? sub : null;
        receive(call, Session.SERVER, owner, bucket, name, Boolean.TRUE.equals(claims.get("upsert")));
        return Reply.json(200, Json.object("Key", bucket + "/" + name));
    }

    /** {@code POST} or {@code PUT /object/{bucket}/{name}}: in the caller's role; PUT always overwrites. */
    Reply upload(Call call, Session session, String bucket, String name) throws SQLException, IOException {
        boolean upsert = call.method().equals("PUT") || "true".equals(call.header("x-upsert"));
        String id = receive(call, session, session.sub(), bucket, name, upsert);
        return Reply.json(200, Json.object("Key", bucket + "/" + name, "Id", id));
    }

    private String receive(
            Call call, Session session, @Nullable String owner, String bucketId, String name, boolean upsert)
            throws SQLException, IOException {
        Bucket bucket = buckets.visible(call, Session.SERVER, bucketId);
        long limit = bucket.fileSizeLimit() == null ? maxBytes : Math.min(bucket.fileSizeLimit(), maxBytes);
        String contentType = call.header(HttpHeaderNames.CONTENT_TYPE);
        Incoming incoming;
        if (contentType != null && MultipartFile.isMultipart(contentType)) {
            MultipartFile form = MultipartFile.read(contentType, call.body());
            String seconds = form.fields().get("cacheControl");
            incoming = new Incoming(
                    form.contentType(),
                    seconds == null ? "no-cache" : "max-age=" + seconds,
                    form.fields().get("metadata"),
                    -1,
                    form.content(),
                    limit);
        } else {
            String cacheControl = call.header(HttpHeaderNames.CACHE_CONTROL);
            incoming = new Incoming(
                    contentType == null ? "application/octet-stream" : contentType,
                    cacheControl == null ? "no-cache" : cacheControl,
                    userMetadata(call),
                    call.contentLength(),
                    call.body(),
                    limitsChunked ? limit : Long.MAX_VALUE);
        }
        if (!bucket.allows(incoming.mimeType)) {
            throw StorageProblem.mimeType(incoming.mimeType);
        }
        if (incoming.declared > limit) {
            throw StorageProblem.tooLarge();
        }
        if (!VALID_KEY.matcher(name).matches()) {
            throw StorageProblem.invalidKey(name);
        }
        Map<String, @Nullable Object> hints = Json.object("mimetype", incoming.mimeType);
        if (call.contentLength() >= 0) {
            hints.put("contentLength", call.contentLength());
        }
        probe(call, session, new NewObject(bucketId, name, owner, "probe", hints, incoming.userMetadata), upsert);
        return store(call, incoming, owner, bucketId, name);
    }

    /** @param declared Content-Length, -1 where it says nothing about the file */
    private record Incoming(
            String mimeType,
            String cacheControl,
            @Nullable String userMetadata,
            long declared,
            InputStream content,
            long maxBytes) {}

    private String store(Call call, Incoming incoming, @Nullable String owner, String bucket, String name)
            throws SQLException, IOException {
        String version = UUID.randomUUID().toString();
        ObjectFiles.Stored stored = files.store(version, incoming.content, incoming.maxBytes);
        Map<String, @Nullable Object> metadata = Json.object(
                "eTag", stored.eTag(),
                "size", stored.bytes(),
                "mimetype", incoming.mimeType,
                "cacheControl", incoming.cacheControl,
                "lastModified", ObjectRow.time(java.time.Instant.now()),
                "contentLength", stored.bytes(),
                "httpStatusCode", 200);
        String userMetadata = incoming.userMetadata == null ? "{}" : incoming.userMetadata;
        NewObject object = new NewObject(bucket, name, owner, version, metadata, userMetadata);
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

    private void probe(Call call, Session session, NewObject object, boolean upsert) throws SQLException {
        database.run(session, call, Mode.ROLLBACK, connection -> {
            StorageTables.insert(connection, object, upsert);
            return object;
        });
    }

    private static @Nullable String userMetadata(Call call) {
        String header = call.header("x-metadata");
        if (header == null) {
            return null;
        }
        try {
            byte[] json = Base64.getDecoder().decode(header);
            return Json.readObject(json) == null ? null : new String(json, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notBase64) {
            return null;
        }
    }
}
