package dev.sluice.testkit.supabase;

import io.netty.handler.codec.http.HttpHeaderNames;
import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * {@code /storage/v1/s3}: presigned PUT, GET and HEAD of one object (SigV4 in the query, path style) with the one static access
 * key, which sees all buckets. A request that differs in a signed header is 403 SignatureDoesNotMatch, in XML.
 */
final class S3Api {

    static final String ACCESS_KEY = "local-s3-access-key";
    static final String SECRET_KEY = "local-s3-secret-key-of-64-characters-local-s3-secret-key-of-64-ch";
    static final String REGION = "local";

    private static final DateTimeFormatter AMZ_DATE =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter HTTP_DATE = DateTimeFormatter.RFC_1123_DATE_TIME.withZone(ZoneOffset.UTC);

    private final ProjectDatabase database;
    private final ObjectUploads uploads;
    private final ObjectFiles files;
    private final Clock clock;

    S3Api(ProjectDatabase database, ObjectUploads uploads, ObjectFiles files, Clock clock) {
        this.database = database;
        this.uploads = uploads;
        this.files = files;
        this.clock = clock;
    }

    /** {@code object} is what follows {@code /s3/}, as it was sent. */
    Endpoint endpoint(Call call, String object) {
        int slash = object.indexOf('/');
        String bucket = Call.decodePath(slash < 0 ? object : object.substring(0, slash));
        String name = slash < 0 ? "" : Call.decodePath(object.substring(slash + 1));
        return switch (call.method()) {
            case "PUT" -> new Endpoint("s3.put", c -> verified(c, () -> put(c, bucket, name)));
            case "GET" -> new Endpoint("s3.get", c -> verified(c, () -> get(c, bucket, name)));
            case "HEAD" -> new Endpoint("s3.head", c -> verified(c, () -> get(c, bucket, name)));
            default -> new Endpoint("s3.unknown", c -> error(405, "MethodNotAllowed"));
        };
    }

    private interface Work {
        Reply run() throws SQLException, IOException;
    }

    private Reply verified(Call call, Work work) throws SQLException, IOException, GeneralSecurityException {
        Map<String, String> query = new TreeMap<>(call.query());
        String signature = query.remove("X-Amz-Signature");
        String date = query.get("X-Amz-Date");
        String signedHeaders = query.get("X-Amz-SignedHeaders");
        String life = query.get("X-Amz-Expires");
        if (signature == null || date == null || signedHeaders == null || life == null) {
            return error(403, "AccessDenied");
        }
        Instant expires = AMZ_DATE.parse(date, Instant::from).plusSeconds(Long.parseLong(life));
        if (clock.instant().isAfter(expires)) {
            return error(403, "ExpiredToken");
        }
        return signature.equals(signature(call, query, date, signedHeaders))
                ? work.run()
                : error(403, "SignatureDoesNotMatch");
    }

    private static String signature(Call call, Map<String, String> query, String date, String signedHeaders)
            throws GeneralSecurityException {
        StringBuilder canonicalQuery = new StringBuilder();
        query.forEach((name, value) -> canonicalQuery
                .append(canonicalQuery.isEmpty() ? "" : "&")
                .append(encode(name))
                .append('=')
                .append(encode(value)));
        StringBuilder canonical = new StringBuilder(call.method())
                .append('\n')
                .append(call.rawPath())
                .append('\n')
                .append(canonicalQuery)
                .append('\n');
        for (String header : List.of(signedHeaders.split(";"))) {
            String value = call.header(header);
            canonical
                    .append(header)
                    .append(':')
                    .append(value == null ? "" : value.trim())
                    .append('\n');
        }
        canonical.append('\n').append(signedHeaders).append("\nUNSIGNED-PAYLOAD");
        String day = date.substring(0, 8);
        String toSign = "AWS4-HMAC-SHA256\n" + date + "\n" + day + "/" + REGION + "/s3/aws4_request\n"
                + HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256")
                                .digest(canonical.toString().getBytes(StandardCharsets.UTF_8)));
        byte[] key = ("AWS4" + SECRET_KEY).getBytes(StandardCharsets.UTF_8);
        for (String part : List.of(day, REGION, "s3", "aws4_request", toSign)) {
            key = hmac(key, part);
        }
        return HexFormat.of().formatHex(key);
    }

    private static byte[] hmac(byte[] key, String text) throws GeneralSecurityException {
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(key, "HmacSHA256"));
        return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private Reply put(Call call, String bucket, String name) throws SQLException, IOException {
        try {
            uploads.put(call, bucket, name);
            return Reply.empty(200);
        } catch (StorageProblem problem) {
            return error(problem.status(), problem.code());
        }
    }

    private Reply get(Call call, String bucket, String name) throws SQLException {
        ObjectRow row = database.run(
                        Session.SERVER,
                        call,
                        ProjectDatabase.Mode.READ_ONLY,
                        connection -> Optional.ofNullable(StorageTables.find(connection, bucket, name)))
                .orElse(null);
        if (row == null) {
            return error(404, "NoSuchKey");
        }
        return Reply.file(
                200,
                Map.of(
                        HttpHeaderNames.CONTENT_TYPE.toString(),
                        row.text("mimetype"),
                        "etag",
                        row.text("eTag"),
                        "last-modified",
                        HTTP_DATE.format(row.updatedAt())),
                new Reply.Slice(files.file(String.valueOf(row.version())), 0, row.size()));
    }

    private static Reply error(int status, @Nullable String code) {
        String xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Resource/><Code>" + code + "</Code><Message>"
                + code + "</Message></Error>";
        return Reply.text(status, "application/xml", xml);
    }
}
