package dev.sluice.testkit.supabase;

import dev.sluice.testkit.supabase.ProjectDatabase.Mode;
import io.netty.handler.codec.http.HttpHeaderNames;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Signing of downloads, and reading objects by signed URL, bearer or publicly. What is not visible is not found. */
final class ObjectDownloads {

    private static final String ABSENT = "Either the object does not exist or you do not have access to it";
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d*)-(\\d*)");

    private final ProjectDatabase database;
    private final Buckets buckets;
    private final ObjectFiles files;
    private final SignedTokens tokens;

    ObjectDownloads(ProjectDatabase database, Buckets buckets, ObjectFiles files, SignedTokens tokens) {
        this.database = database;
        this.buckets = buckets;
        this.files = files;
        this.tokens = tokens;
    }

    /** {@code POST /object/sign/{bucket}/{name}}. */
    Reply sign(Call call, Session session, String bucket, String name, Duration lifetime) throws SQLException {
        visible(call, session, bucket, name);
        return Reply.json(200, Json.object("signedURL", signedUrl(bucket, name, lifetime)));
    }

    /** {@code POST /object/sign/{bucket}}: answers in the order of the request, item by item. */
    Reply signAll(Call call, Session session, String bucket, List<String> names, Duration lifetime)
            throws SQLException {
        Map<String, ObjectRow> found = database
                .run(session, call, Mode.READ_ONLY, connection -> StorageTables.named(connection, bucket, names))
                .stream()
                .collect(Collectors.toMap(ObjectRow::name, Function.identity()));
        return Reply.json(
                200,
                names.stream()
                        .map(name -> found.containsKey(name)
                                ? Json.object(
                                        "error", null, "path", name, "signedURL", signedUrl(bucket, name, lifetime))
                                : Json.object("error", ABSENT, "path", name, "signedURL", null))
                        .toList());
    }

    /** {@code GET /object/sign/{bucket}/{name}?token=…}. */
    Reply readSigned(Call call, String bucket, String name) throws SQLException {
        Map<String, Object> claims = tokens.verified(call, "download", bucket + "/" + name);
        Reply reply = content(call, visible(call, Session.SERVER, bucket, name));
        if (claims.get("exp") instanceof Number exp) {
            reply = reply.with("expires", httpDate(Instant.ofEpochSecond(exp.longValue())));
        }
        return reply;
    }

    /** {@code GET /object/{bucket}/{name}} and {@code /object/authenticated/…}. */
    Reply read(Call call, Session session, String bucket, String name) throws SQLException {
        ObjectRow row = visible(call, session, bucket, name);
        return content(call, row).with("cache-control", row.text("cacheControl"));
    }

    /** {@code GET /object/public/{bucket}/{name}}. */
    Reply readPublic(Call call, String bucket, String name) throws SQLException {
        if (!buckets.visible(call, Session.SERVER, bucket).isPublic()) {
            throw StorageProblem.noSuchBucket();
        }
        return read(call, Session.SERVER, bucket, name);
    }

    /** {@code GET /object/info/{bucket}/{name}}. */
    Reply info(Call call, Session session, String bucket, String name) throws SQLException {
        ObjectRow row = visible(call, session, bucket, name);
        return Reply.json(200, row.asInfo())
                .with("etag", row.text("eTag"))
                .with("last-modified", httpDate(row.updatedAt()))
                .with("cache-control", row.text("cacheControl"));
    }

    private ObjectRow visible(Call call, Session session, String bucket, String name) throws SQLException {
        return database.run(session, call, Mode.READ_ONLY, connection -> {
            ObjectRow row = StorageTables.find(connection, bucket, name);
            if (row == null) {
                throw StorageProblem.noSuchKey();
            }
            return row;
        });
    }

    private String signedUrl(String bucket, String name, Duration lifetime) {
        String url = bucket + "/" + name;
        return "/object/sign/" + url + "?token=" + tokens.download(url, lifetime);
    }

    private Reply content(Call call, ObjectRow row) {
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put("accept-ranges", "bytes");
        headers.put("content-type", row.text("mimetype"));
        headers.put("etag", row.text("eTag"));
        headers.put("x-robots-tag", "none");
        headers.put("last-modified", httpDate(row.updatedAt()));
        String download = call.query().get("download");
        if (download != null) {
            headers.put("content-disposition", disposition(download));
        }
        long size = row.size();
        Reply.Slice whole = new Reply.Slice(files.file(String.valueOf(row.version())), 0, size);
        Reply.Slice part = part(call.header(HttpHeaderNames.RANGE), whole);
        if (part == null) {
            return Reply.file(200, headers, whole);
        }
        headers.put("content-range", "bytes " + part.offset() + "-" + (part.offset() + part.length() - 1) + "/" + size);
        return Reply.file(206, headers, part);
    }

    /** A single byte range (RFC 9110, section 14); anything else is answered with the whole. */
    private static Reply.@Nullable Slice part(@Nullable String header, Reply.Slice whole) {
        Matcher range = RANGE.matcher(header == null ? "" : header);
        if (!range.matches() || (range.group(1).isEmpty() && range.group(2).isEmpty())) {
            return null;
        }
        long size = whole.length();
        long first;
        long last = size - 1;
        if (range.group(1).isEmpty()) {
            first = Math.max(0, size - Long.parseLong(range.group(2)));
        } else {
            first = Long.parseLong(range.group(1));
            last = range.group(2).isEmpty() ? last : Math.min(last, Long.parseLong(range.group(2)));
        }
        if (first > last) {
            throw StorageProblem.invalidRange();
        }
        return new Reply.Slice(whole.file(), first, last - first + 1);
    }

    private static String disposition(String name) {
        if (name.isEmpty()) {
            return "attachment;";
        }
        String encoded = URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
        return "attachment; filename=" + encoded + "; filename*=UTF-8''" + encoded;
    }

    private static String httpDate(Instant instant) {
        return DateTimeFormatter.RFC_1123_DATE_TIME
                .format(instant.atOffset(ZoneOffset.UTC))
                .replaceFirst(", (\\d) ", ", 0$1 ");
    }
}
