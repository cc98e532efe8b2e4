package dev.sluice.testkit.supabase;

import dev.sluice.testkit.supabase.Buckets.Bucket;
import dev.sluice.testkit.supabase.ResumableUpload.Id;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Resumable uploads (tus 1.0.0 with creation, creation-with-upload, creation-defer-length and termination), by bearer and
 * policy or by the token of a signed upload URL, which must be alive for each request. The token alone decides: it asks
 * no policy, and a name that exists meanwhile is overwritten.
 */
final class ResumableUploads {

    private static final String BODY_TYPE = "application/offset+octet-stream";
    private static final int MAX_UPLOADS = 10_000;

    private final Buckets buckets;
    private final ObjectFiles files;
    private final ObjectWriter writer;
    private final SignedTokens tokens;
    private final Map<String, ResumableUpload> uploads = new LinkedHashMap<>();

    ResumableUploads(Buckets buckets, ObjectFiles files, ObjectWriter writer, SignedTokens tokens) {
        this.buckets = buckets;
        this.files = files;
        this.writer = writer;
        this.tokens = tokens;
    }

    /** Whose upload it is; without a session, the holder of a token. */
    private record Sender(Session session, @Nullable String owner, boolean upsert, boolean isSigned) {}

    /** {@code POST /upload/resumable[/sign]}; {@code session} is null for the signed kind. */
    Reply create(Call call, @Nullable Session session, String location) throws SQLException, IOException {
        Long length = number(call, "upload-length");
        if ((length == null) == (call.header("upload-defer-length") == null)) {
            throw TusRefusal.noLength();
        }
        TusMetadata metadata = TusMetadata.of(call.header("upload-metadata"));
        Id id = new Id(
                metadata.text("bucketName"),
                metadata.text("objectName"),
                UUID.randomUUID().toString());
        ObjectWriter.checkKey(id.name());
        Sender sender = sender(call, session, id);
        Bucket bucket = buckets.visible(call, Session.SERVER, id.bucket());
        long max = writer.maxBytes(bucket);
        if (length != null && length > max) {
            throw TusRefusal.maxSizeExceeded();
        }
        String mimeType = metadata.text("contentType");
        probe(call, sender, id, mimeType);
        if (!mimeType.isEmpty() && !bucket.allows(mimeType)) {
            throw StorageProblem.mimeType(mimeType);
        }
        ResumableUpload upload = new ResumableUpload(id, metadata.withCacheControl(), length, files.file(id.version()));
        remember(upload);
        Reply reply = TusReplies.text(201, "")
                .with("location", location + "/" + encoded(id))
                .asChunked();
        upload.lock();
        try {
            if (BODY_TYPE.equals(call.header(HttpHeaderNames.CONTENT_TYPE))) {
                upload.append(call.body(), room(call, upload, max));
                reply = reply.with("upload-offset", Long.toString(upload.offset()));
            }
            return upload.isComplete() ? finish(call, sender, upload, reply) : reply;
        } finally {
            upload.unlock();
        }
    }

    /** {@code PATCH}: the next bytes, at the offset that is reached. */
    Reply append(Call call, @Nullable Session session, String rawId) throws SQLException, IOException {
        Id id = decoded(rawId);
        Long offset = number(call, "upload-offset");
        String type = call.header(HttpHeaderNames.CONTENT_TYPE);
        if (offset == null || type == null) {
            throw TusRefusal.of(403, (offset == null ? "Upload-Offset" : "Content-Type") + " header required\n");
        }
        if (!type.equals(BODY_TYPE)) {
            throw TusRefusal.invalid("content-type");
        }
        Sender sender = sender(call, session, id);
        probe(call, sender, id, null);
        long max = writer.maxBytes(buckets.visible(call, Session.SERVER, id.bucket()));
        ResumableUpload upload = known(id);
        upload.lock();
        try {
            if (upload.offset() != offset) {
                throw TusRefusal.of(409, "Upload-Offset conflict\n");
            }
            declareLength(call, upload, max);
            boolean wasComplete = upload.isComplete();
            upload.append(call.body(), room(call, upload, max));
            Reply reply = TusReplies.empty(204).with("upload-offset", Long.toString(upload.offset()));
            return upload.isComplete() && !wasComplete ? finish(call, sender, upload, reply) : reply;
        } finally {
            upload.unlock();
        }
    }

    /** {@code HEAD}: how far the upload is; a bearer's policies are not asked. */
    Reply state(Call call, @Nullable Session session, String rawId) throws IOException {
        Id id = decoded(rawId);
        sender(call, session, id);
        ResumableUpload upload = known(id);
        upload.lock();
        try {
            Long length = upload.length();
            return TusReplies.text(200, "")
                    .with("cache-control", "no-store")
                    .with("upload-offset", Long.toString(upload.offset()))
                    .with(length == null ? "upload-defer-length" : "upload-length", length == null ? "1" : "" + length)
                    .with("upload-metadata", upload.metadata().header());
        } finally {
            upload.unlock();
        }
    }

    /** {@code DELETE}: gives the upload up; a complete one is an object and stays. */
    Reply terminate(Call call, @Nullable Session session, String rawId) throws SQLException, IOException {
        Id id = decoded(rawId);
        probe(call, sender(call, session, id), id, null);
        ResumableUpload upload = known(id);
        upload.lock();
        try {
            if (upload.isComplete()) {
                throw TusRefusal.of(400, "Cannot terminate an already completed upload");
            }
            synchronized (uploads) {
                uploads.remove(id.version());
            }
            files.delete(id.version());
            return TusReplies.empty(204);
        } finally {
            upload.unlock();
        }
    }

    private Sender sender(Call call, @Nullable Session session, Id id) {
        if (session != null) {
            return new Sender(session, session.sub(), "true".equals(call.header("x-upsert")), false);
        }
        String token = call.header("x-signature");
        if (token == null) {
            throw TusRefusal.of(400, "Missing x-signature header");
        }
        Map<String, Object> claims = tokens.verified(token, "upload", id.bucket() + "/" + id.name());
        String owner = claims.get("owner") instanceof String sub ? sub : null;
        return new Sender(Session.SERVER, owner, true, true);
    }

    private void probe(Call call, Sender sender, Id id, @Nullable String mimeType) throws SQLException {
        if (!sender.isSigned) {
            Map<String, @Nullable Object> hints = Json.object("mimetype", mimeType);
            writer.probe(
                    call,
                    sender.session,
                    new StorageTables.NewObject(id.bucket(), id.name(), sender.owner, "probe", hints, null),
                    sender.upsert);
        }
    }

    private static void declareLength(Call call, ResumableUpload upload, long max) {
        Long length = number(call, "upload-length");
        if (length == null) {
            return;
        }
        if (upload.length() != null || length < upload.offset()) {
            throw TusRefusal.noLength();
        }
        if (length > max) {
            throw TusRefusal.maxSizeExceeded();
        }
        upload.declareLength(length);
    }

    /** How many more bytes this request may bring. */
    private static long room(Call call, ResumableUpload upload, long max) {
        Long length = upload.length();
        long room = (length == null ? max : length) - upload.offset();
        if (call.contentLength() > room) {
            throw TusRefusal.sizeExceeded();
        }
        return room;
    }

    private Reply finish(Call call, Sender sender, ResumableUpload upload, Reply reply)
            throws SQLException, IOException {
        Id id = upload.id();
        String type = upload.metadata().text("contentType");
        String userMetadata = upload.metadata().text("metadata");
        boolean isJson = Json.readObject(userMetadata.getBytes(StandardCharsets.UTF_8)) != null;
        files.touch(id.version());
        writer.commit(
                call,
                new ObjectWriter.Target(id.bucket(), id.name(), sender.owner),
                id.version(),
                new ObjectWriter.Content(
                        upload.stored(),
                        type.isEmpty() ? "application/octet-stream" : type,
                        upload.metadata().text("cacheControl"),
                        isJson ? userMetadata : null));
        return reply.with("tus-complete", "1");
    }

    private void remember(ResumableUpload upload) {
        synchronized (uploads) {
            uploads.put(upload.id().version(), upload);
            if (uploads.size() > MAX_UPLOADS) {
                uploads.remove(uploads.keySet().iterator().next());
            }
        }
    }

    private ResumableUpload known(Id id) {
        synchronized (uploads) {
            ResumableUpload upload = uploads.get(id.version());
            if (upload == null || !upload.id().equals(id)) {
                throw TusRefusal.notFound();
            }
            return upload;
        }
    }

    private static @Nullable Long number(Call call, String header) {
        String value = call.header(header);
        if (value == null) {
            return null;
        }
        if (!value.matches("\\d{1,18}")) {
            throw TusRefusal.invalid(header);
        }
        return Long.valueOf(value);
    }

    private static String encoded(Id id) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString((id.bucket() + "/" + id.name() + "/" + id.version()).getBytes(StandardCharsets.UTF_8));
    }

    private static Id decoded(String rawId) {
        String id;
        try {
            id = new String(Base64.getUrlDecoder().decode(rawId), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException notBase64) {
            throw TusRefusal.notFound();
        }
        int first = id.indexOf('/');
        int last = id.lastIndexOf('/');
        if (first <= 0 || last <= first) {
            throw TusRefusal.of(400, "Invalid upload id");
        }
        return new Id(id.substring(0, first), id.substring(first + 1, last), id.substring(last + 1));
    }
}
