package dev.sluice.testkit.supabase;

import dev.sluice.testkit.supabase.Buckets.Bucket;
import dev.sluice.testkit.supabase.StorageTables.NewObject;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Base64;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Signing of uploads and the uploads themselves. A sign request really inserts the row in the caller's role and rolls
 * back, so policies, duplicates and the bucket's existence are the database's verdict. An upload asks before it takes
 * the body and overwrites after it, as storage-api does: of concurrent uploads to one name the last one wins.
 */
final class ObjectUploads {

    private final Buckets buckets;
    private final ObjectFiles files;
    private final ObjectWriter writer;
    private final SignedTokens tokens;
    private final boolean limitsChunked;

    ObjectUploads(Buckets buckets, ObjectFiles files, ObjectWriter writer, SignedTokens tokens, boolean limitsChunked) {
        this.buckets = buckets;
        this.files = files;
        this.writer = writer;
        this.tokens = tokens;
        this.limitsChunked = limitsChunked;
    }

    /** {@code POST /object/upload/sign/{bucket}/{name}}. */
    Reply sign(Call call, Session session, String bucket, String name) throws SQLException {
        boolean upsert = "true".equals(call.header("x-upsert"));
        Map<String, @Nullable Object> metadata = Json.object("mimetype", call.header(HttpHeaderNames.CONTENT_TYPE));
        if (call.contentLength() >= 0) {
            metadata.put("contentLength", call.contentLength());
        }
        writer.probe(
                call,
                session,
                new NewObject(bucket, name, session.sub(), "probe", metadata, userMetadata(call)),
                upsert);
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

    /** An S3 PUT: with the rights of the access key, and always overwriting. */
    void put(Call call, String bucket, String name) throws SQLException, IOException {
        receive(call, Session.SERVER, null, bucket, name, true);
    }

    private String receive(
            Call call, Session session, @Nullable String owner, String bucketId, String name, boolean upsert)
            throws SQLException, IOException {
        Bucket bucket = buckets.visible(call, Session.SERVER, bucketId);
        long limit = writer.maxBytes(bucket);
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
        ObjectWriter.checkKey(name);
        Map<String, @Nullable Object> hints = Json.object("mimetype", incoming.mimeType);
        if (call.contentLength() >= 0) {
            hints.put("contentLength", call.contentLength());
        }
        writer.probe(
                call, session, new NewObject(bucketId, name, owner, "probe", hints, incoming.userMetadata), upsert);
        return store(call, incoming, new ObjectWriter.Target(bucketId, name, owner));
    }

    /** @param declared Content-Length, -1 where it says nothing about the file */
    private record Incoming(
            String mimeType,
            String cacheControl,
            @Nullable String userMetadata,
            long declared,
            InputStream content,
            long maxBytes) {}

    private String store(Call call, Incoming incoming, ObjectWriter.Target target) throws SQLException, IOException {
        String version = UUID.randomUUID().toString();
        ObjectFiles.Stored stored = files.store(version, incoming.content, incoming.maxBytes);
        return writer.commit(
                call,
                target,
                version,
                new ObjectWriter.Content(stored, incoming.mimeType, incoming.cacheControl, incoming.userMetadata));
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
