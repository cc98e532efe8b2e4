package dev.sluice.testkit.supabase;

import com.nimbusds.jose.util.Base64URL;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.supabase.HttpProbe.Answer;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;

/** The project on which storage-api was recorded: an own-folder policy, a bucket with rules and a public one. */
final class RecordedProject implements AutoCloseable {

    static final String ALICE = "11111111-1111-4111-8111-111111111111";
    static final String BOB = "22222222-2222-4222-8222-222222222222";
    static final String RLS =
            "{\"statusCode\":\"403\",\"error\":\"Unauthorized\",\"message\":\"new row violates row-level security policy\",\"code\":\"AccessDenied\"}";
    static final String DUPLICATE =
            "{\"statusCode\":\"409\",\"error\":\"Duplicate\",\"message\":\"The resource already exists\",\"code\":\"KeyAlreadyExists\"}";
    static final String NO_KEY =
            "{\"statusCode\":\"404\",\"error\":\"not_found\",\"message\":\"Object not found\",\"code\":\"NoSuchKey\"}";
    static final String TOO_LARGE =
            "{\"statusCode\":\"413\",\"error\":\"Payload too large\",\"message\":\"The object exceeded the maximum allowed size\",\"code\":\"EntityTooLarge\"}";
    static final String NO_BUCKET =
            "{\"statusCode\":\"404\",\"error\":\"Bucket not found\",\"message\":\"Bucket not found\",\"code\":\"NoSuchBucket\"}";
    static final String NOT_FOR_UPLOAD =
            "{\"statusCode\":\"400\",\"error\":\"InvalidSignature\",\"message\":\"Token is not scoped for upload\",\"code\":\"InvalidSignature\"}";

    private final Database database = Postgres.shared().emptyDatabase();
    private final Path objects =
            Path.of("target", "local-supabase", UUID.randomUUID().toString());
    private final LocalSupabase supabase;
    private final HttpProbe http;

    RecordedProject() {
        supabase = LocalSupabase.start(database.dataSource(), objects);
        supabase.createBucket("user-files", false, 1000L, "image/png", "text/*");
        supabase.createBucket("open", true, null);
        supabase.allowOwnFolder("user-files");
        http = new HttpProbe(supabase.url() + "/storage/v1");
    }

    LocalSupabase supabase() {
        return supabase;
    }

    HttpProbe http() {
        return http;
    }

    /** Another server of the same project. */
    LocalSupabase another(Options options) {
        return LocalSupabase.start(database.dataSource(), objects, options);
    }

    @Override
    public void close() {
        supabase.close();
        database.close();
    }

    Answer sign(String token, String rawPath) {
        return http.send("POST", "/object/upload/sign/" + rawPath, "{}", json(token));
    }

    Answer put(String rawPath, String token, String body, String... headers) {
        return http.send("PUT", "/object/upload/sign/" + rawPath + "?token=" + token, body, headers);
    }

    String minted(String url) {
        long now = System.currentTimeMillis() / 1000;
        return supabase.tokens()
                .hs256(Json.object("url", url, "upsert", false, "scope", "upload", "iat", now, "exp", now + 60));
    }

    Answer bucketsOf(String token) {
        return http.send("GET", "/bucket", null, bearer(token));
    }

    String alice() {
        return supabase.accessToken(ALICE, null);
    }

    String bob() {
        return supabase.accessToken(BOB, null);
    }

    static String[] bearer(String token, String... more) {
        String[] headers = new String[more.length + 2];
        headers[0] = "authorization";
        headers[1] = "Bearer " + token;
        System.arraycopy(more, 0, headers, 2, more.length);
        return headers;
    }

    static String[] json(String token, String... more) {
        String[] headers = new String[more.length + 2];
        headers[0] = "content-type";
        headers[1] = "application/json";
        System.arraycopy(more, 0, headers, 2, more.length);
        return bearer(token, headers);
    }

    static String multipart(String content, String type) {
        return String.join(
                "\r\n",
                "--xyz",
                "Content-Disposition: form-data; name=\"cacheControl\"",
                "",
                "3600",
                "--xyz",
                "Content-Disposition: form-data; name=\"\"; filename=\"blob\"",
                "Content-Type: " + type,
                "",
                content,
                "--xyz--",
                "");
    }

    static String mime(String type) {
        return "{\"statusCode\":\"415\",\"error\":\"invalid_mime_type\",\"message\":\"mime type " + type
                + " is not supported\",\"code\":\"InvalidMimeType\"}";
    }

    static String jwt(String message) {
        return "{\"statusCode\":\"400\",\"error\":\"InvalidJWT\",\"message\":\"" + message
                + "\",\"code\":\"InvalidJWT\"}";
    }

    static String denied(String message) {
        return "{\"statusCode\":\"403\",\"error\":\"Unauthorized\",\"message\":\"" + message
                + "\",\"code\":\"AccessDenied\"}";
    }

    static String token(Answer signed) {
        return String.valueOf(signed.json().get("token"));
    }

    static String urlOf(Answer signed) {
        return String.valueOf(signed.json().get("url"));
    }

    static Map<String, Object> claims(String token) {
        return Objects.requireNonNull(Json.readObject(new Base64URL(token.split("\\.", -1)[1]).decode()));
    }

    static long number(Map<String, Object> claims, String name) {
        return ((Number) Objects.requireNonNull(claims.get(name))).longValue();
    }

    StoredObject stored(String bucket, String name) {
        return Objects.requireNonNull(supabase.storedObject(bucket, name));
    }
}
