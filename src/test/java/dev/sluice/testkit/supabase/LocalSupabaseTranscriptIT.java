package dev.sluice.testkit.supabase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.nimbusds.jose.util.Base64URL;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.supabase.HttpProbe.Answer;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Replays exchanges that were recorded from storage-api, with its own-folder policy and its two buckets. */
class LocalSupabaseTranscriptIT {

    private static final String ALICE = "11111111-1111-4111-8111-111111111111";
    private static final String BOB = "22222222-2222-4222-8222-222222222222";
    private static final String RLS =
            "{\"statusCode\":\"403\",\"error\":\"Unauthorized\",\"message\":\"new row violates row-level security policy\",\"code\":\"AccessDenied\"}";
    private static final String DUPLICATE =
            "{\"statusCode\":\"409\",\"error\":\"Duplicate\",\"message\":\"The resource already exists\",\"code\":\"KeyAlreadyExists\"}";
    private static final String NO_KEY =
            "{\"statusCode\":\"404\",\"error\":\"not_found\",\"message\":\"Object not found\",\"code\":\"NoSuchKey\"}";
    private static final String TOO_LARGE =
            "{\"statusCode\":\"413\",\"error\":\"Payload too large\",\"message\":\"The object exceeded the maximum allowed size\",\"code\":\"EntityTooLarge\"}";
    private static final String NO_BUCKET =
            "{\"statusCode\":\"404\",\"error\":\"Bucket not found\",\"message\":\"Bucket not found\",\"code\":\"NoSuchBucket\"}";
    private static final String NOT_FOR_UPLOAD =
            "{\"statusCode\":\"400\",\"error\":\"InvalidSignature\",\"message\":\"Token is not scoped for upload\",\"code\":\"InvalidSignature\"}";

    private static Database database;
    private static LocalSupabase supabase;
    private static HttpProbe http;

    @BeforeAll
    static void start() {
        database = Postgres.shared().emptyDatabase();
        supabase = LocalSupabase.start(database.dataSource(), Path.of("target", "local-supabase", "transcript"));
        http = new HttpProbe(supabase.url() + "/storage/v1");
        database.execute("""
                create policy own_insert on storage.objects for insert to authenticated
                  with check (bucket_id = 'user-files' and name like auth.uid() || '/%');
                create policy own_select on storage.objects for select to authenticated
                  using (bucket_id = 'user-files' and name like auth.uid() || '/%');
                create policy own_update on storage.objects for update to authenticated
                  using (bucket_id = 'user-files' and name like auth.uid() || '/%');
                create policy own_delete on storage.objects for delete to authenticated
                  using (bucket_id = 'user-files' and name like auth.uid() || '/%');
                """);
        supabase.createBucket("user-files", false, 1000L, "image/png", "text/*");
        supabase.createBucket("open", true, null);
    }

    @AfterAll
    static void stop() {
        supabase.close();
        database.close();
    }

    @Test
    void signsAnUploadWithRelativeUnencodedUrlAndTheRecordedClaims() {
        Answer answer = sign(alice(), "user-files/" + ALICE + "/hello%20world.txt");

        String token = token(answer);
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.header("content-type")).isEqualTo("application/json; charset=utf-8");
        assertThat(answer.body())
                .isEqualTo("{\"url\":\"/object/upload/sign/user-files/" + ALICE + "/hello world.txt?token=" + token
                        + "\",\"token\":\"" + token + "\"}");
        assertThat(new Base64URL(token.split("\\.", -1)[0]).decodeToString()).isEqualTo("{\"alg\":\"HS256\"}");
        Map<String, Object> claims = claims(token);
        assertThat(claims.keySet()).containsExactly("owner", "url", "upsert", "scope", "iat", "exp");
        assertThat(claims)
                .contains(
                        entry("owner", ALICE),
                        entry("url", "user-files/" + ALICE + "/hello world.txt"),
                        entry("upsert", false),
                        entry("scope", "upload"));
        assertThat(number(claims, "exp") - number(claims, "iat")).isEqualTo(60);
    }

    @Test
    void leavesTheOwnerOutForTheServiceKeyAndSetsUpsertOnRequest() {
        Answer answer = http.send(
                "POST",
                "/object/upload/sign/user-files/svc/1.txt",
                null,
                bearer(supabase.serviceKey(), "x-upsert", "true"));

        assertThat(claims(token(answer)).keySet()).containsExactly("url", "upsert", "scope", "iat", "exp");
        assertThat(claims(token(answer))).containsEntry("upsert", true);
    }

    @Test
    void letsTheDatabaseDecideWhoMaySign() {
        assertThat(sign(bob(), "user-files/" + ALICE + "/x.txt").toString()).isEqualTo("400 " + RLS);
        assertThat(sign(supabase.anonKey(), "user-files/" + ALICE + "/x.txt").toString())
                .isEqualTo("400 " + RLS);
        assertThat(sign(alice(), "nope/x.txt").toString()).isEqualTo("400 " + RLS);
        assertThat(sign(supabase.serviceKey(), "nope/x.txt").toString())
                .isEqualTo("400 {\"statusCode\":\"404\",\"error\":\"InvalidRequest\","
                        + "\"message\":\"The related resource does not exist\",\"code\":\"InvalidRequest\"}");
    }

    @Test
    void storesWhatIsPutAndRefusesTheSecondPutAndSign() {
        String path = "user-files/" + ALICE + "/put twice.txt";
        String raw = path.replace(" ", "%20");
        String token = token(sign(alice(), raw));
        String metadata = Base64.getEncoder().encodeToString("{\"a\":\"b\"}".getBytes(StandardCharsets.UTF_8));

        Answer first = put(
                raw,
                token,
                "hello",
                "content-type",
                "text/plain",
                "cache-control",
                "max-age=3600",
                "x-metadata",
                metadata);
        Answer second = put(raw, token, "hello2", "content-type", "text/plain");

        assertThat(first.toString()).isEqualTo("200 {\"Key\":\"" + path + "\"}");
        assertThat(second.toString()).isEqualTo("400 " + DUPLICATE);
        assertThat(sign(alice(), raw).toString()).isEqualTo("400 " + DUPLICATE);
        StoredObject stored = stored("user-files", ALICE + "/put twice.txt");
        assertThat(stored.bytes()).asString().isEqualTo("hello");
        assertThat(stored.owner()).isEqualTo(ALICE);
        assertThat(stored.contentType()).isEqualTo("text/plain");
        assertThat(stored.cacheControl()).isEqualTo("max-age=3600");
        assertThat(stored.userMetadata()).isEqualTo(Map.of("a", "b"));
        assertThat(stored.size()).isEqualTo(5);
    }

    @Test
    void takesMultipartAndReplaysOfAnUpsertToken() {
        String path = "user-files/" + ALICE + "/up.txt";
        String token = token(http.send("POST", "/object/upload/sign/" + path, "{}", json(alice(), "x-upsert", "true")));

        Answer first =
                put(path, token, multipart("one", "text/plain"), "content-type", "multipart/form-data; boundary=xyz");
        Answer again =
                put(path, token, multipart("two", "text/plain"), "content-type", "multipart/form-data; boundary=xyz");

        assertThat(first.toString()).isEqualTo("200 {\"Key\":\"" + path + "\"}");
        assertThat(again.toString()).isEqualTo("200 {\"Key\":\"" + path + "\"}");
        assertThat(stored("user-files", ALICE + "/up.txt").bytes()).asString().isEqualTo("two");
        assertThat(stored("user-files", ALICE + "/up.txt").cacheControl()).isEqualTo("max-age=3600");
    }

    @Test
    void limitsSizeByContentLengthAndMultipartByCountingButNotChunkedRawBodies() {
        String raw = minted("user-files/size/raw.txt");
        String chunked = minted("user-files/size/chunked.txt");
        byte[] big = "a".repeat(5000).getBytes(StandardCharsets.UTF_8);

        assertThat(put("user-files/size/raw.txt", raw, "a".repeat(3000), "content-type", "text/plain")
                        .toString())
                .isEqualTo("400 " + TOO_LARGE);
        assertThat(put(
                                "user-files/size/raw.txt",
                                raw,
                                multipart("a".repeat(3000), "text/plain"),
                                "content-type",
                                "multipart/form-data; boundary=xyz")
                        .toString())
                .isEqualTo("400 " + TOO_LARGE);
        assertThat(http.stream(
                                "PUT",
                                "/object/upload/sign/user-files/size/chunked.txt?token=" + chunked,
                                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(big)),
                                "content-type",
                                "text/plain")
                        .toString())
                .isEqualTo("200 {\"Key\":\"user-files/size/chunked.txt\"}");
        assertThat(stored("user-files", "size/chunked.txt").size()).isEqualTo(5000);
    }

    @Test
    void matchesTheContentTypeAsItStands() {
        assertThat(put("user-files/m.pdf", minted("user-files/m.pdf"), "x", "content-type", "application/pdf")
                        .toString())
                .isEqualTo("400 " + mime("application/pdf"));
        assertThat(put(
                                "user-files/m.pdf",
                                minted("user-files/m.pdf"),
                                multipart("x", "application/pdf"),
                                "content-type",
                                "multipart/form-data; boundary=xyz")
                        .toString())
                .isEqualTo("400 " + mime("application/pdf"));
        assertThat(put("user-files/m.png", minted("user-files/m.png"), "x", "content-type", "image/png; charset=binary")
                        .toString())
                .isEqualTo("400 " + mime("image/png; charset=binary"));
        assertThat(put("user-files/m", minted("user-files/m"), "x").toString())
                .isEqualTo("400 " + mime("application/octet-stream"));
        assertThat(put("user-files/m.txt", minted("user-files/m.txt"), "x", "content-type", "text/plain;charset=UTF-8")
                        .status())
                .isEqualTo(200);
    }

    @Test
    void refusesTokensInTheRecordedWords() {
        String path = "user-files/tok/1.txt";
        long now = System.currentTimeMillis() / 1000;
        Map<String, Object> urlOnly = Map.of("url", path, "iat", now, "exp", now + 60);
        Map<String, Object> expired =
                Map.of("url", path, "upsert", false, "scope", "upload", "iat", now - 60, "exp", now - 1);
        String forged = supabase.tokens().hs256(urlOnly, "another-secret-with-at-least-32-characters", null);
        String none = Base64URL.encode("{\"alg\":\"none\"}") + "." + Base64URL.encode("{\"url\":\"x\"}") + ".";
        String hs512 = Base64URL.encode("{\"alg\":\"HS512\"}") + "." + Base64URL.encode("{\"url\":\"x\"}") + ".c2ln";

        assertThat(put(path, "abc.def.ghi", "x").toString()).isEqualTo("400 " + jwt("JWS Protected Header is invalid"));
        assertThat(put(path, forged, "x").toString()).isEqualTo("400 " + jwt("signature verification failed"));
        assertThat(put(path, supabase.tokens().hs256(expired), "x").toString())
                .isEqualTo("400 " + jwt("\\\"exp\\\" claim timestamp check failed"));
        assertThat(put(path, none, "x").toString())
                .isEqualTo("400 " + jwt("\\\"alg\\\" (Algorithm) Header Parameter value not allowed"));
        assertThat(put(path, hs512, "x").toString())
                .isEqualTo("400 " + jwt("\\\"alg\\\" (Algorithm) Header Parameter value not allowed"));
        assertThat(put(path, supabase.tokens().hs256(urlOnly), "x").toString()).isEqualTo("400 " + NOT_FOR_UPLOAD);
        assertThat(put(path, alice(), "x").toString()).isEqualTo("400 " + NOT_FOR_UPLOAD);
        assertThat(put(path, minted("user-files/tok/other.txt"), "x").toString())
                .isEqualTo(
                        "400 {\"statusCode\":\"400\",\"error\":\"InvalidSignature\",\"message\":\"Invalid signature\",\"code\":\"InvalidSignature\"}");
        assertThat(http.send("PUT", "/object/upload/sign/" + path, "x").toString())
                .isEqualTo(
                        "400 {\"statusCode\":\"400\",\"error\":\"Error\",\"message\":\"querystring must have required property 'token'\",\"code\":\"InvalidRequest\"}");
    }

    @Test
    void acceptsLocallyMintedTokens() {
        long now = System.currentTimeMillis() / 1000;
        Map<String, Object> scopeOnly =
                Map.of("url", "user-files/minted/2.txt", "scope", "upload", "iat", now, "exp", now + 60);
        Map<String, Object> legacy =
                Map.of("url", "user-files/minted/3.txt", "upsert", false, "owner", BOB, "exp", now + 60);
        Map<String, Object> noExpiry = Map.of("url", "user-files/minted/5.txt", "scope", "upload");
        Map<String, Object> unknownKid = Map.of("url", "user-files/minted/6.txt", "scope", "upload", "exp", now + 60);

        assertThat(put("user-files/minted/2.txt", supabase.tokens().hs256(scopeOnly), "m", "content-type", "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(put("user-files/minted/3.txt", supabase.tokens().hs256(legacy), "m", "content-type", "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(put("user-files/minted/5.txt", supabase.tokens().hs256(noExpiry), "m", "content-type", "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(put(
                                "user-files/minted/6.txt",
                                supabase.tokens().hs256(unknownKid, supabase.jwtSecret(), "nope"),
                                "m",
                                "content-type",
                                "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(stored("user-files", "minted/3.txt").owner()).isEqualTo(BOB);
        assertThat(stored("user-files", "minted/2.txt").owner()).isNull();
    }

    @Test
    void ignoresTheBearerAndUpsertHeaderOfASignedPut() {
        String token = minted("user-files/ignored.txt");

        Answer first = put(
                "user-files/ignored.txt", token, "1", "content-type", "text/plain", "authorization", "Bearer garbage");
        Answer upsert = put("user-files/ignored.txt", token, "2", "content-type", "text/plain", "x-upsert", "true");

        assertThat(first.status()).isEqualTo(200);
        assertThat(upsert.toString()).isEqualTo("400 " + DUPLICATE);
    }

    @Test
    void takesPathsAsTheyAreSentAndChecksTheKeyAtThePut() {
        assertThat(urlOf(sign(alice(), "user-files/" + ALICE + "/..%2f..%2fx.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/../../x.txt?token=");
        assertThat(urlOf(sign(alice(), "user-files/" + ALICE + "%2Fenc.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/enc.txt?token=");
        assertThat(urlOf(sign(alice(), "user-files/" + ALICE + "/a%23b.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/a#b.txt?token=");
        assertThat(urlOf(sign(alice(), "user-files/" + ALICE + "/%C3%BCn%C3%AF.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/ünï.txt?token=");
        assertThat(urlOf(sign(alice(), "user-files/" + ALICE + "//d.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "//d.txt?token=");
        assertThat(put(
                                "user-files/" + ALICE + "/a%23b.txt",
                                minted("user-files/" + ALICE + "/a#b.txt"),
                                "x",
                                "content-type",
                                "text/plain")
                        .json())
                .contains(entry("statusCode", "400"), entry("code", "InvalidKey"));
    }

    @Test
    void asksForABodyOnlyWhereTheTypeIsJson() {
        String path = "/object/upload/sign/user-files/" + ALICE + "/hint.txt";

        assertThat(http.send("POST", path, null, bearer(alice(), "content-type", "image/png"))
                        .status())
                .isEqualTo(200);
        assertThat(http.send("POST", path, null, bearer(alice())).status()).isEqualTo(200);
        assertThat(http.send("POST", path, "x", bearer(alice(), "content-type", "text/plain"))
                        .status())
                .isEqualTo(200);
        assertThat(http.send("POST", path, null, bearer(alice(), "content-type", "application/json"))
                        .toString())
                .isEqualTo(
                        "400 {\"statusCode\":\"400\",\"error\":\"FastifyError\",\"message\":"
                                + "\"Body cannot be empty when content-type is set to 'application/json'\",\"code\":\"InvalidRequest\"}");
        assertThat(http.send("POST", path, null).toString())
                .isEqualTo("400 {\"statusCode\":\"400\",\"error\":\"Error\",\"message\":"
                        + "\"headers must have required property 'authorization'\",\"code\":\"InvalidRequest\"}");
    }

    @Test
    void answersBearersInTheRecordedWords() {
        Map<String, @Nullable Object> expired = supabase.tokens().claims(ALICE, null);
        expired.put("exp", 1000);
        Map<String, @Nullable Object> strangeRole = supabase.tokens().claims(ALICE, null);
        strangeRole.put("role", "hacker");
        Map<String, @Nullable Object> noRole = supabase.tokens().claims(ALICE, null);
        noRole.remove("role");
        Map<String, @Nullable Object> foreign = supabase.tokens().claims(ALICE, null);
        foreign.put("iss", "elsewhere");
        foreign.put("aud", "elsewhere");
        String wrongKid = supabase.tokens().es256(supabase.tokens().claims(ALICE, null), "unknown");

        assertThat(bucketsOf("nope").toString()).isEqualTo("400 " + denied("Invalid Compact JWS"));
        assertThat(bucketsOf("sb_secret_abcdefghijklmnop").toString())
                .isEqualTo("400 " + denied("Invalid Compact JWS"));
        assertThat(bucketsOf(supabase.tokens().hs256(expired)).toString())
                .isEqualTo("400 " + denied("\\\"exp\\\" claim timestamp check failed"));
        assertThat(bucketsOf(wrongKid).toString())
                .isEqualTo("400 "
                        + denied("Key for the ES256 algorithm must be one of type CryptoKey, KeyObject, or JSON "
                                + "Web Key. Received an instance of Uint8Array"));
        assertThat(bucketsOf(supabase.tokens().hs256(strangeRole)).toString())
                .isEqualTo(
                        "500 {\"statusCode\":\"500\",\"error\":\"DatabaseError\",\"message\":\"database error, code: 22023\",\"code\":\"DatabaseError\"}");
        assertThat(bucketsOf(supabase.tokens().hs256(noRole)).toString()).isEqualTo("200 []");
        assertThat(bucketsOf(supabase.tokens().hs256(foreign)).toString()).isEqualTo("200 []");
        assertThat(bucketsOf(supabase.accessTokenEs256(ALICE, null)).toString()).isEqualTo("200 []");
        assertThat(http.send("GET", "/bucket", null, "authorization", supabase.serviceKey())
                        .status())
                .isEqualTo(200);
        assertThat(http.send("GET", "/bucket", null, "apikey", supabase.serviceKey())
                        .body())
                .contains("user-files");
        assertThat(http.send("GET", "/bucket", null, "apikey", supabase.secretKey())
                        .body())
                .contains("user-files");
        assertThat(http.send(
                                "GET",
                                "/bucket",
                                null,
                                "apikey",
                                supabase.secretKey(),
                                "authorization",
                                "Bearer " + supabase.secretKey())
                        .body())
                .contains("user-files");
    }

    @Test
    void showsBucketsToTheServiceKeyOnlyUnlessAPolicySaysOtherwise() {
        Answer found = http.send("GET", "/bucket/user-files", null, bearer(supabase.serviceKey()));

        assertThat(found.body())
                .startsWith(
                        "{\"id\":\"user-files\",\"name\":\"user-files\",\"owner\":\"\",\"public\":false,"
                                + "\"file_size_limit\":1000,\"allowed_mime_types\":[\"image/png\",\"text/*\"],\"created_at\":\"20");
        assertThat(http.send("GET", "/bucket/user-files", null, bearer(alice())).toString())
                .isEqualTo("400 " + NO_BUCKET);
        assertThat(http.send("GET", "/bucket/nope", null, bearer(supabase.serviceKey()))
                        .toString())
                .isEqualTo("400 " + NO_BUCKET);
    }

    @Test
    void createsBucketsOnceAndNotForUsers() {
        String body =
                "{\"id\":\"made\",\"name\":\"made\",\"public\":false,\"file_size_limit\":\"1KB\",\"allowed_mime_types\":[\"text/*\"]}";

        assertThat(http.send("POST", "/bucket", body, json(supabase.serviceKey()))
                        .toString())
                .isEqualTo("200 {\"name\":\"made\"}");
        assertThat(http.send("POST", "/bucket", body, json(supabase.serviceKey()))
                        .toString())
                .isEqualTo(
                        "400 {\"statusCode\":\"409\",\"error\":\"Duplicate\",\"message\":\"The resource already exists\",\"code\":\"BucketAlreadyExists\"}");
        assertThat(http.send("POST", "/bucket", "{\"id\":\"a\",\"name\":\"a\"}", json(alice()))
                        .toString())
                .isEqualTo("400 " + RLS);
        assertThat(http.send("GET", "/bucket/made", null, bearer(supabase.serviceKey()))
                        .json())
                .containsEntry("file_size_limit", 1000);
    }

    @Test
    void signsDownloadsAndServesThem() {
        String path = "user-files/" + ALICE + "/down load.txt";
        String raw = path.replace(" ", "%20");
        http.send(
                "POST",
                "/object/" + raw,
                "hello",
                bearer(alice(), "content-type", "text/plain", "cache-control", "max-age=3600"));

        Answer signed = http.send("POST", "/object/sign/" + raw, "{\"expiresIn\":60}", json(alice()));
        String url = String.valueOf(signed.json().get("signedURL"));
        String encoded = url.replace(" ", "%20");
        Answer whole = http.send("GET", encoded + "&download=my%20file.txt", null);
        Answer part = http.send("GET", encoded, null, "range", "bytes=0-1");

        assertThat(url).startsWith("/object/sign/" + path + "?token=");
        assertThat(claims(url.substring(url.indexOf("token=") + 6)).keySet())
                .containsExactly("url", "scope", "iat", "exp");
        assertThat(whole.toString()).isEqualTo("200 hello");
        assertThat(whole.header("etag")).isEqualTo("\"5d41402abc4b2a76b9719d911017c592\"");
        assertThat(whole.header("content-disposition"))
                .isEqualTo("attachment; filename=my%20file.txt; filename*=UTF-8''my%20file.txt");
        assertThat(whole.header("expires")).endsWith("GMT");
        assertThat(part.toString()).isEqualTo("206 he");
        assertThat(part.header("content-range")).isEqualTo("bytes 0-1/5");
        assertThat(http.send("GET", "/object/sign/" + raw + "?token=" + minted(path), null)
                        .body())
                .contains("Token is not scoped for download");
        assertThat(put(raw, url.substring(url.indexOf("token=") + 6), "z").toString())
                .isEqualTo("400 " + NOT_FOR_UPLOAD);
        assertThat(http.send("POST", "/object/sign/" + raw, "{\"expiresIn\":60}", json(bob()))
                        .toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(http.send("POST", "/object/sign/" + raw, "{\"expiresIn\":0}", json(alice()))
                        .body())
                .contains("body/expiresIn must be >= 1");
    }

    @Test
    void signsManyDownloadsInTheOrderAsked() {
        http.send(
                "POST", "/object/user-files/" + ALICE + "/b1.txt", "1", bearer(alice(), "content-type", "text/plain"));
        String paths = "{\"expiresIn\":60,\"paths\":[\"" + ALICE + "/nope.txt\",\"" + ALICE + "/b1.txt\"]}";

        String body = http.send("POST", "/object/sign/user-files", paths, json(alice()))
                .body();

        assertThat(body)
                .startsWith(
                        "[{\"error\":\"Either the object does not exist or you do not have access to it\",\"path\":\""
                                + ALICE + "/nope.txt\",\"signedURL\":null},{\"error\":null,\"path\":\"" + ALICE
                                + "/b1.txt\",\"signedURL\":\"/object/sign/user-files/" + ALICE + "/b1.txt?token=");
        assertThat(http.send("POST", "/object/sign/user-files", "{\"expiresIn\":60,\"paths\":[]}", json(alice()))
                        .body())
                .contains("body/paths must NOT have fewer than 1 items");
    }

    @Test
    void uploadsReadsListsAndDeletesAsTheCaller() {
        String path = "user-files/" + ALICE + "/dir/direct.txt";
        Answer created = http.send("POST", "/object/" + path, "d", bearer(alice(), "content-type", "text/plain"));
        Answer again = http.send("POST", "/object/" + path, "d", bearer(alice(), "content-type", "text/plain"));
        Answer foreign = http.send(
                "POST", "/object/user-files/" + ALICE + "/f.txt", "d", bearer(bob(), "content-type", "text/plain"));
        Answer updated = http.send("PUT", "/object/" + path, "dd", bearer(alice(), "content-type", "text/plain"));
        Answer info = http.send("GET", "/object/info/" + path, null, bearer(alice()));
        Answer list = http.send("POST", "/object/list/user-files", "{\"prefix\":\"" + ALICE + "/dir\"}", json(alice()));
        Answer head = http.send("HEAD", "/object/" + path, null, bearer(alice()));

        assertThat(created.json()).containsEntry("Key", path).containsKey("Id");
        assertThat(again.toString()).isEqualTo("400 " + DUPLICATE);
        assertThat(foreign.toString()).isEqualTo("400 " + RLS);
        assertThat(updated.json()).isEqualTo(created.json());
        assertThat(info.json())
                .contains(entry("size", 2), entry("content_type", "text/plain"), entry("cache_control", "no-cache"));
        assertThat(list.body())
                .startsWith(
                        "[{\"name\":\"direct.txt\",\"id\":\"" + created.json().get("Id"));
        assertThat(head.header("content-length")).isEqualTo("2");
        assertThat(http.send("GET", "/object/" + path, null, bearer(alice())).toString())
                .isEqualTo("200 dd");
        assertThat(http.send("GET", "/object/authenticated/" + path, null, bearer(bob()))
                        .toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(http.send("DELETE", "/object/" + path, null, bearer(bob())).toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(http.send("DELETE", "/object/" + path, null, bearer(alice())).toString())
                .isEqualTo("200 {\"message\":\"Successfully deleted\"}");
        assertThat(http.send("DELETE", "/object/" + path, null, bearer(alice())).toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(supabase.storedObject("user-files", ALICE + "/dir/direct.txt"))
                .isNull();
    }

    @Test
    void deletesByNameWhatIsVisibleAndLeavesTheRest() {
        http.send(
                "POST", "/object/user-files/" + ALICE + "/d1.txt", "1", bearer(alice(), "content-type", "text/plain"));
        put(
                "user-files/" + BOB + "/d2.txt",
                minted("user-files/" + BOB + "/d2.txt"),
                "2",
                "content-type",
                "text/plain");
        String names = "{\"prefixes\":[\"" + ALICE + "/d1.txt\",\"" + BOB + "/d2.txt\"]}";

        Answer deleted = http.send("DELETE", "/object/user-files", names, json(alice()));

        assertThat(deleted.body())
                .startsWith("[{\"name\":\"" + ALICE + "/d1.txt\",\"bucket_id\":\"user-files\",\"owner\":\"" + ALICE);
        assertThat(deleted.body()).doesNotContain("d2.txt");
        assertThat(supabase.storedObject("user-files", BOB + "/d2.txt")).isNotNull();
    }

    @Test
    void servesPublicBucketsToEverybodyAndNoOthers() {
        put("open/j.json", minted("open/j.json"), "{\"a\":1}", "content-type", "application/json");

        Answer found = http.send("GET", "/object/public/open/j.json", null);

        assertThat(found.toString()).isEqualTo("200 {\"a\":1}");
        assertThat(found.header("cache-control")).isEqualTo("no-cache");
        assertThat(http.send("GET", "/object/public/user-files/x", null).toString())
                .isEqualTo("400 " + NO_BUCKET);
        assertThat(put("nope/e.bin", minted("nope/e.bin"), "x").toString()).isEqualTo("400 " + NO_BUCKET);
    }

    @Test
    void answersUnknownRoutesWithARealStatusAndANumber() {
        assertThat(http.send("GET", "/nothing", null).toString())
                .isEqualTo(
                        "404 {\"message\":\"Route GET:/nothing not found\",\"error\":\"Not Found\",\"statusCode\":404}");
        assertThat(http.send("GET", "/status", null).status()).isEqualTo(200);
    }

    private static Answer sign(String token, String rawPath) {
        return http.send("POST", "/object/upload/sign/" + rawPath, "{}", json(token));
    }

    private static Answer put(String rawPath, String token, String body, String... headers) {
        return http.send("PUT", "/object/upload/sign/" + rawPath + "?token=" + token, body, headers);
    }

    private static String minted(String url) {
        long now = System.currentTimeMillis() / 1000;
        return supabase.tokens()
                .hs256(Json.object("url", url, "upsert", false, "scope", "upload", "iat", now, "exp", now + 60));
    }

    private static Answer bucketsOf(String token) {
        return http.send("GET", "/bucket", null, bearer(token));
    }

    private static String alice() {
        return supabase.accessToken(ALICE, null);
    }

    private static String bob() {
        return supabase.accessToken(BOB, null);
    }

    private static String[] bearer(String token, String... more) {
        String[] headers = new String[more.length + 2];
        headers[0] = "authorization";
        headers[1] = "Bearer " + token;
        System.arraycopy(more, 0, headers, 2, more.length);
        return headers;
    }

    private static String[] json(String token, String... more) {
        String[] headers = new String[more.length + 2];
        headers[0] = "content-type";
        headers[1] = "application/json";
        System.arraycopy(more, 0, headers, 2, more.length);
        return bearer(token, headers);
    }

    private static String multipart(String content, String type) {
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

    private static String mime(String type) {
        return "{\"statusCode\":\"415\",\"error\":\"invalid_mime_type\",\"message\":\"mime type " + type
                + " is not supported\",\"code\":\"InvalidMimeType\"}";
    }

    private static String jwt(String message) {
        return "{\"statusCode\":\"400\",\"error\":\"InvalidJWT\",\"message\":\"" + message
                + "\",\"code\":\"InvalidJWT\"}";
    }

    private static String denied(String message) {
        return "{\"statusCode\":\"403\",\"error\":\"Unauthorized\",\"message\":\"" + message
                + "\",\"code\":\"AccessDenied\"}";
    }

    private static String token(Answer signed) {
        return String.valueOf(signed.json().get("token"));
    }

    private static String urlOf(Answer signed) {
        return String.valueOf(signed.json().get("url"));
    }

    private static Map<String, Object> claims(String token) {
        return Objects.requireNonNull(Json.readObject(new Base64URL(token.split("\\.", -1)[1]).decode()));
    }

    private static long number(Map<String, Object> claims, String name) {
        return ((Number) Objects.requireNonNull(claims.get(name))).longValue();
    }

    private static StoredObject stored(String bucket, String name) {
        return Objects.requireNonNull(supabase.storedObject(bucket, name));
    }
}
