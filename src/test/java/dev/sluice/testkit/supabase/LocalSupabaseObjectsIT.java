package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.RecordedProject.ALICE;
import static dev.sluice.testkit.supabase.RecordedProject.BOB;
import static dev.sluice.testkit.supabase.RecordedProject.DUPLICATE;
import static dev.sluice.testkit.supabase.RecordedProject.NOT_FOR_UPLOAD;
import static dev.sluice.testkit.supabase.RecordedProject.NO_BUCKET;
import static dev.sluice.testkit.supabase.RecordedProject.NO_KEY;
import static dev.sluice.testkit.supabase.RecordedProject.RLS;
import static dev.sluice.testkit.supabase.RecordedProject.bearer;
import static dev.sluice.testkit.supabase.RecordedProject.claims;
import static dev.sluice.testkit.supabase.RecordedProject.denied;
import static dev.sluice.testkit.supabase.RecordedProject.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.sluice.testkit.supabase.HttpProbe.Answer;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Replays what was recorded of bearers, buckets, downloads and direct uploads. */
class LocalSupabaseObjectsIT {

    private static RecordedProject project;

    @BeforeAll
    static void start() {
        project = new RecordedProject();
    }

    @AfterAll
    static void stop() {
        project.close();
    }

    @Test
    void answersBearersInTheRecordedWords() {
        Map<String, @Nullable Object> expired = project.supabase().tokens().claims(ALICE, null);
        expired.put("exp", 1000);
        Map<String, @Nullable Object> strangeRole = project.supabase().tokens().claims(ALICE, null);
        strangeRole.put("role", "hacker");
        Map<String, @Nullable Object> noRole = project.supabase().tokens().claims(ALICE, null);
        noRole.remove("role");
        Map<String, @Nullable Object> foreign = project.supabase().tokens().claims(ALICE, null);
        foreign.put("iss", "elsewhere");
        foreign.put("aud", "elsewhere");
        String wrongKid =
                project.supabase().tokens().es256(project.supabase().tokens().claims(ALICE, null), "unknown");

        assertThat(project.bucketsOf("nope").toString()).isEqualTo("400 " + denied("Invalid Compact JWS"));
        assertThat(project.bucketsOf("sb_secret_abcdefghijklmnop").toString())
                .isEqualTo("400 " + denied("Invalid Compact JWS"));
        assertThat(project.bucketsOf(project.supabase().tokens().hs256(expired)).toString())
                .isEqualTo("400 " + denied("\\\"exp\\\" claim timestamp check failed"));
        assertThat(project.bucketsOf(wrongKid).toString())
                .isEqualTo("400 "
                        + denied("Key for the ES256 algorithm must be one of type CryptoKey, KeyObject, or JSON "
                                + "Web Key. Received an instance of Uint8Array"));
        assertThat(project.bucketsOf(project.supabase().tokens().hs256(strangeRole))
                        .toString())
                .isEqualTo(
                        "500 {\"statusCode\":\"500\",\"error\":\"DatabaseError\",\"message\":\"database error, code: 22023\",\"code\":\"DatabaseError\"}");
        assertThat(project.bucketsOf(project.supabase().tokens().hs256(noRole)).toString())
                .isEqualTo("200 []");
        assertThat(project.bucketsOf(project.supabase().tokens().hs256(foreign)).toString())
                .isEqualTo("200 []");
        assertThat(project.bucketsOf(project.supabase().accessTokenEs256(ALICE, null))
                        .toString())
                .isEqualTo("200 []");
        assertThat(project.http()
                        .send(
                                "GET",
                                "/bucket",
                                null,
                                "authorization",
                                project.supabase().serviceKey())
                        .status())
                .isEqualTo(200);
        assertThat(project.http()
                        .send(
                                "GET",
                                "/bucket",
                                null,
                                "apikey",
                                project.supabase().serviceKey())
                        .body())
                .contains("user-files");
        assertThat(project.http()
                        .send(
                                "GET",
                                "/bucket",
                                null,
                                "apikey",
                                project.supabase().secretKey())
                        .body())
                .contains("user-files");
        assertThat(project.http()
                        .send(
                                "GET",
                                "/bucket",
                                null,
                                "apikey",
                                project.supabase().secretKey(),
                                "authorization",
                                "Bearer " + project.supabase().secretKey())
                        .body())
                .contains("user-files");
    }

    @Test
    void showsBucketsToTheServiceKeyOnlyUnlessAPolicySaysOtherwise() {
        Answer found = project.http()
                .send(
                        "GET",
                        "/bucket/user-files",
                        null,
                        bearer(project.supabase().serviceKey()));

        assertThat(found.body())
                .startsWith(
                        "{\"id\":\"user-files\",\"name\":\"user-files\",\"owner\":\"\",\"public\":false,"
                                + "\"file_size_limit\":1000,\"allowed_mime_types\":[\"image/png\",\"text/*\"],\"created_at\":\"20");
        assertThat(project.http()
                        .send("GET", "/bucket/user-files", null, bearer(project.alice()))
                        .toString())
                .isEqualTo("400 " + NO_BUCKET);
        assertThat(project.http()
                        .send(
                                "GET",
                                "/bucket/nope",
                                null,
                                bearer(project.supabase().serviceKey()))
                        .toString())
                .isEqualTo("400 " + NO_BUCKET);
    }

    @Test
    void createsBucketsOnceAndNotForUsers() {
        String body =
                "{\"id\":\"made\",\"name\":\"made\",\"public\":false,\"file_size_limit\":\"1KB\",\"allowed_mime_types\":[\"text/*\"]}";

        assertThat(project.http()
                        .send("POST", "/bucket", body, json(project.supabase().serviceKey()))
                        .toString())
                .isEqualTo("200 {\"name\":\"made\"}");
        assertThat(project.http()
                        .send("POST", "/bucket", body, json(project.supabase().serviceKey()))
                        .toString())
                .isEqualTo(
                        "400 {\"statusCode\":\"409\",\"error\":\"Duplicate\",\"message\":\"The resource already exists\",\"code\":\"BucketAlreadyExists\"}");
        assertThat(project.http()
                        .send("POST", "/bucket", "{\"id\":\"a\",\"name\":\"a\"}", json(project.alice()))
                        .toString())
                .isEqualTo("400 " + RLS);
        assertThat(project.http()
                        .send(
                                "GET",
                                "/bucket/made",
                                null,
                                bearer(project.supabase().serviceKey()))
                        .json())
                .containsEntry("file_size_limit", 1000);
    }

    @Test
    void signsDownloadsAndServesThem() {
        String path = "user-files/" + ALICE + "/down load.txt";
        String raw = path.replace(" ", "%20");
        project.http()
                .send(
                        "POST",
                        "/object/" + raw,
                        "hello",
                        bearer(project.alice(), "content-type", "text/plain", "cache-control", "max-age=3600"));

        Answer signed = project.http().send("POST", "/object/sign/" + raw, "{\"expiresIn\":60}", json(project.alice()));
        String url = String.valueOf(signed.json().get("signedURL"));
        String encoded = url.replace(" ", "%20");
        Answer whole = project.http().send("GET", encoded + "&download=my%20file.txt", null);
        Answer part = project.http().send("GET", encoded, null, "range", "bytes=0-1");

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
        assertThat(project.http()
                        .send("GET", "/object/sign/" + raw + "?token=" + project.minted(path), null)
                        .body())
                .contains("Token is not scoped for download");
        assertThat(project.put(raw, url.substring(url.indexOf("token=") + 6), "z")
                        .toString())
                .isEqualTo("400 " + NOT_FOR_UPLOAD);
        assertThat(project.http()
                        .send("POST", "/object/sign/" + raw, "{\"expiresIn\":60}", json(project.bob()))
                        .toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(project.http()
                        .send("POST", "/object/sign/" + raw, "{\"expiresIn\":0}", json(project.alice()))
                        .body())
                .contains("body/expiresIn must be >= 1");
    }

    @Test
    void signsManyDownloadsInTheOrderAsked() {
        project.http()
                .send(
                        "POST",
                        "/object/user-files/" + ALICE + "/b1.txt",
                        "1",
                        bearer(project.alice(), "content-type", "text/plain"));
        String paths = "{\"expiresIn\":60,\"paths\":[\"" + ALICE + "/nope.txt\",\"" + ALICE + "/b1.txt\"]}";

        String body = project.http()
                .send("POST", "/object/sign/user-files", paths, json(project.alice()))
                .body();

        assertThat(body)
                .startsWith(
                        "[{\"error\":\"Either the object does not exist or you do not have access to it\",\"path\":\""
                                + ALICE + "/nope.txt\",\"signedURL\":null},{\"error\":null,\"path\":\"" + ALICE
                                + "/b1.txt\",\"signedURL\":\"/object/sign/user-files/" + ALICE + "/b1.txt?token=");
        assertThat(project.http()
                        .send(
                                "POST",
                                "/object/sign/user-files",
                                "{\"expiresIn\":60,\"paths\":[]}",
                                json(project.alice()))
                        .body())
                .contains("body/paths must NOT have fewer than 1 items");
    }

    @Test
    void uploadsReadsListsAndDeletesAsTheCaller() {
        String path = "user-files/" + ALICE + "/dir/direct.txt";
        Answer created = project.http()
                .send("POST", "/object/" + path, "d", bearer(project.alice(), "content-type", "text/plain"));
        Answer again = project.http()
                .send("POST", "/object/" + path, "d", bearer(project.alice(), "content-type", "text/plain"));
        Answer foreign = project.http()
                .send(
                        "POST",
                        "/object/user-files/" + ALICE + "/f.txt",
                        "d",
                        bearer(project.bob(), "content-type", "text/plain"));
        Answer updated = project.http()
                .send("PUT", "/object/" + path, "dd", bearer(project.alice(), "content-type", "text/plain"));
        Answer info = project.http().send("GET", "/object/info/" + path, null, bearer(project.alice()));
        Answer list = project.http()
                .send("POST", "/object/list/user-files", "{\"prefix\":\"" + ALICE + "/dir\"}", json(project.alice()));
        Answer head = project.http().send("HEAD", "/object/" + path, null, bearer(project.alice()));

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
        assertThat(project.http()
                        .send("GET", "/object/" + path, null, bearer(project.alice()))
                        .toString())
                .isEqualTo("200 dd");
        assertThat(project.http()
                        .send("GET", "/object/authenticated/" + path, null, bearer(project.bob()))
                        .toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(project.http()
                        .send("DELETE", "/object/" + path, null, bearer(project.bob()))
                        .toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(project.http()
                        .send("DELETE", "/object/" + path, null, bearer(project.alice()))
                        .toString())
                .isEqualTo("200 {\"message\":\"Successfully deleted\"}");
        assertThat(project.http()
                        .send("DELETE", "/object/" + path, null, bearer(project.alice()))
                        .toString())
                .isEqualTo("400 " + NO_KEY);
        assertThat(project.supabase().storedObject("user-files", ALICE + "/dir/direct.txt"))
                .isNull();
    }

    @Test
    void deletesByNameWhatIsVisibleAndLeavesTheRest() {
        project.http()
                .send(
                        "POST",
                        "/object/user-files/" + ALICE + "/d1.txt",
                        "1",
                        bearer(project.alice(), "content-type", "text/plain"));
        project.put(
                "user-files/" + BOB + "/d2.txt",
                project.minted("user-files/" + BOB + "/d2.txt"),
                "2",
                "content-type",
                "text/plain");
        String names = "{\"prefixes\":[\"" + ALICE + "/d1.txt\",\"" + BOB + "/d2.txt\"]}";

        Answer deleted = project.http().send("DELETE", "/object/user-files", names, json(project.alice()));

        assertThat(deleted.body())
                .startsWith("[{\"name\":\"" + ALICE + "/d1.txt\",\"bucket_id\":\"user-files\",\"owner\":\"" + ALICE);
        assertThat(deleted.body()).doesNotContain("d2.txt");
        assertThat(project.supabase().storedObject("user-files", BOB + "/d2.txt"))
                .isNotNull();
    }

    @Test
    void servesPublicBucketsToEverybodyAndNoOthers() {
        project.put("open/j.json", project.minted("open/j.json"), "{\"a\":1}", "content-type", "application/json");

        Answer found = project.http().send("GET", "/object/public/open/j.json", null);

        assertThat(found.toString()).isEqualTo("200 {\"a\":1}");
        assertThat(found.header("cache-control")).isEqualTo("no-cache");
        assertThat(project.http()
                        .send("GET", "/object/public/user-files/x", null)
                        .toString())
                .isEqualTo("400 " + NO_BUCKET);
        assertThat(project.put("nope/e.bin", project.minted("nope/e.bin"), "x").toString())
                .isEqualTo("400 " + NO_BUCKET);
    }

    @Test
    void answersUnknownRoutesWithARealStatusAndANumber() {
        assertThat(project.http().send("GET", "/nothing", null).toString())
                .isEqualTo(
                        "404 {\"message\":\"Route GET:/nothing not found\",\"error\":\"Not Found\",\"statusCode\":404}");
        assertThat(project.http().send("GET", "/status", null).status()).isEqualTo(200);
    }
}
