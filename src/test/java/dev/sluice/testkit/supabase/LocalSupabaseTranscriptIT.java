package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.RecordedProject.ALICE;
import static dev.sluice.testkit.supabase.RecordedProject.BOB;
import static dev.sluice.testkit.supabase.RecordedProject.DUPLICATE;
import static dev.sluice.testkit.supabase.RecordedProject.NOT_FOR_UPLOAD;
import static dev.sluice.testkit.supabase.RecordedProject.RLS;
import static dev.sluice.testkit.supabase.RecordedProject.TOO_LARGE;
import static dev.sluice.testkit.supabase.RecordedProject.bearer;
import static dev.sluice.testkit.supabase.RecordedProject.claims;
import static dev.sluice.testkit.supabase.RecordedProject.json;
import static dev.sluice.testkit.supabase.RecordedProject.jwt;
import static dev.sluice.testkit.supabase.RecordedProject.mime;
import static dev.sluice.testkit.supabase.RecordedProject.multipart;
import static dev.sluice.testkit.supabase.RecordedProject.number;
import static dev.sluice.testkit.supabase.RecordedProject.token;
import static dev.sluice.testkit.supabase.RecordedProject.urlOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import com.nimbusds.jose.util.Base64URL;
import dev.sluice.testkit.supabase.HttpProbe.Answer;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Replays what was recorded of signed uploads. */
class LocalSupabaseTranscriptIT {

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
    void signsAnUploadWithRelativeUnencodedUrlAndTheRecordedClaims() {
        Answer answer = project.sign(project.alice(), "user-files/" + ALICE + "/hello%20world.txt");

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
        Answer answer = project.http()
                .send(
                        "POST",
                        "/object/upload/sign/user-files/svc/1.txt",
                        null,
                        bearer(project.supabase().serviceKey(), "x-upsert", "true"));

        assertThat(claims(token(answer)).keySet()).containsExactly("url", "upsert", "scope", "iat", "exp");
        assertThat(claims(token(answer))).containsEntry("upsert", true);
    }

    @Test
    void letsTheDatabaseDecideWhoMaySign() {
        assertThat(project.sign(project.bob(), "user-files/" + ALICE + "/x.txt").toString())
                .isEqualTo("400 " + RLS);
        assertThat(project.sign(project.supabase().anonKey(), "user-files/" + ALICE + "/x.txt")
                        .toString())
                .isEqualTo("400 " + RLS);
        assertThat(project.sign(project.alice(), "nope/x.txt").toString()).isEqualTo("400 " + RLS);
        assertThat(project.sign(project.supabase().serviceKey(), "nope/x.txt").toString())
                .isEqualTo("400 {\"statusCode\":\"404\",\"error\":\"InvalidRequest\","
                        + "\"message\":\"The related resource does not exist\",\"code\":\"InvalidRequest\"}");
    }

    @Test
    void storesWhatIsPutAndRefusesTheSecondPutAndSign() {
        String path = "user-files/" + ALICE + "/put twice.txt";
        String raw = path.replace(" ", "%20");
        String token = token(project.sign(project.alice(), raw));
        String metadata = Base64.getEncoder().encodeToString("{\"a\":\"b\"}".getBytes(StandardCharsets.UTF_8));

        Answer first = project.put(
                raw,
                token,
                "hello",
                "content-type",
                "text/plain",
                "cache-control",
                "max-age=3600",
                "x-metadata",
                metadata);
        Answer second = project.put(raw, token, "hello2", "content-type", "text/plain");

        assertThat(first.toString()).isEqualTo("200 {\"Key\":\"" + path + "\"}");
        assertThat(second.toString()).isEqualTo("400 " + DUPLICATE);
        assertThat(project.sign(project.alice(), raw).toString()).isEqualTo("400 " + DUPLICATE);
        StoredObject stored = project.stored("user-files", ALICE + "/put twice.txt");
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
        String token = token(project.http()
                .send("POST", "/object/upload/sign/" + path, "{}", json(project.alice(), "x-upsert", "true")));

        Answer first = project.put(
                path, token, multipart("one", "text/plain"), "content-type", "multipart/form-data; boundary=xyz");
        Answer again = project.put(
                path, token, multipart("two", "text/plain"), "content-type", "multipart/form-data; boundary=xyz");

        assertThat(first.toString()).isEqualTo("200 {\"Key\":\"" + path + "\"}");
        assertThat(again.toString()).isEqualTo("200 {\"Key\":\"" + path + "\"}");
        assertThat(project.stored("user-files", ALICE + "/up.txt").bytes())
                .asString()
                .isEqualTo("two");
        assertThat(project.stored("user-files", ALICE + "/up.txt").cacheControl())
                .isEqualTo("max-age=3600");
    }

    @Test
    void limitsSizeByContentLengthAndMultipartByCountingButNotChunkedRawBodies() {
        String raw = project.minted("user-files/size/raw.txt");
        String chunked = project.minted("user-files/size/chunked.txt");
        byte[] big = "a".repeat(5000).getBytes(StandardCharsets.UTF_8);

        assertThat(project.put("user-files/size/raw.txt", raw, "a".repeat(3000), "content-type", "text/plain")
                        .toString())
                .isEqualTo("400 " + TOO_LARGE);
        assertThat(project.put(
                                "user-files/size/raw.txt",
                                raw,
                                multipart("a".repeat(3000), "text/plain"),
                                "content-type",
                                "multipart/form-data; boundary=xyz")
                        .toString())
                .isEqualTo("400 " + TOO_LARGE);
        assertThat(project.http().stream(
                                "PUT",
                                "/object/upload/sign/user-files/size/chunked.txt?token=" + chunked,
                                BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(big)),
                                "content-type",
                                "text/plain")
                        .toString())
                .isEqualTo("200 {\"Key\":\"user-files/size/chunked.txt\"}");
        assertThat(project.stored("user-files", "size/chunked.txt").size()).isEqualTo(5000);
    }

    @Test
    void matchesTheContentTypeAsItStands() {
        assertThat(project.put(
                                "user-files/m.pdf",
                                project.minted("user-files/m.pdf"),
                                "x",
                                "content-type",
                                "application/pdf")
                        .toString())
                .isEqualTo("400 " + mime("application/pdf"));
        assertThat(project.put(
                                "user-files/m.pdf",
                                project.minted("user-files/m.pdf"),
                                multipart("x", "application/pdf"),
                                "content-type",
                                "multipart/form-data; boundary=xyz")
                        .toString())
                .isEqualTo("400 " + mime("application/pdf"));
        assertThat(project.put(
                                "user-files/m.png",
                                project.minted("user-files/m.png"),
                                "x",
                                "content-type",
                                "image/png; charset=binary")
                        .toString())
                .isEqualTo("400 " + mime("image/png; charset=binary"));
        assertThat(project.put("user-files/m", project.minted("user-files/m"), "x")
                        .toString())
                .isEqualTo("400 " + mime("application/octet-stream"));
        assertThat(project.put(
                                "user-files/m.txt",
                                project.minted("user-files/m.txt"),
                                "x",
                                "content-type",
                                "text/plain;charset=UTF-8")
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
        String forged = project.supabase().tokens().hs256(urlOnly, "another-secret-with-at-least-32-characters", null);
        String none = Base64URL.encode("{\"alg\":\"none\"}") + "." + Base64URL.encode("{\"url\":\"x\"}") + ".";
        String hs512 = Base64URL.encode("{\"alg\":\"HS512\"}") + "." + Base64URL.encode("{\"url\":\"x\"}") + ".c2ln";

        assertThat(project.put(path, "abc.def.ghi", "x").toString())
                .isEqualTo("400 " + jwt("JWS Protected Header is invalid"));
        assertThat(project.put(path, forged, "x").toString()).isEqualTo("400 " + jwt("signature verification failed"));
        assertThat(project.put(path, project.supabase().tokens().hs256(expired), "x")
                        .toString())
                .isEqualTo("400 " + jwt("\\\"exp\\\" claim timestamp check failed"));
        assertThat(project.put(path, none, "x").toString())
                .isEqualTo("400 " + jwt("\\\"alg\\\" (Algorithm) Header Parameter value not allowed"));
        assertThat(project.put(path, hs512, "x").toString())
                .isEqualTo("400 " + jwt("\\\"alg\\\" (Algorithm) Header Parameter value not allowed"));
        assertThat(project.put(path, project.supabase().tokens().hs256(urlOnly), "x")
                        .toString())
                .isEqualTo("400 " + NOT_FOR_UPLOAD);
        assertThat(project.put(path, project.alice(), "x").toString()).isEqualTo("400 " + NOT_FOR_UPLOAD);
        assertThat(project.put(path, project.minted("user-files/tok/other.txt"), "x")
                        .toString())
                .isEqualTo(
                        "400 {\"statusCode\":\"400\",\"error\":\"InvalidSignature\",\"message\":\"Invalid signature\",\"code\":\"InvalidSignature\"}");
        assertThat(project.http()
                        .send("PUT", "/object/upload/sign/" + path, "x")
                        .toString())
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

        assertThat(project.put(
                                "user-files/minted/2.txt",
                                project.supabase().tokens().hs256(scopeOnly),
                                "m",
                                "content-type",
                                "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(project.put(
                                "user-files/minted/3.txt",
                                project.supabase().tokens().hs256(legacy),
                                "m",
                                "content-type",
                                "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(project.put(
                                "user-files/minted/5.txt",
                                project.supabase().tokens().hs256(noExpiry),
                                "m",
                                "content-type",
                                "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(project.put(
                                "user-files/minted/6.txt",
                                project.supabase()
                                        .tokens()
                                        .hs256(unknownKid, project.supabase().jwtSecret(), "nope"),
                                "m",
                                "content-type",
                                "text/plain")
                        .status())
                .isEqualTo(200);
        assertThat(project.stored("user-files", "minted/3.txt").owner()).isEqualTo(BOB);
        assertThat(project.stored("user-files", "minted/2.txt").owner()).isNull();
    }

    @Test
    void ignoresTheBearerAndUpsertHeaderOfASignedPut() {
        String token = project.minted("user-files/ignored.txt");

        Answer first = project.put(
                "user-files/ignored.txt", token, "1", "content-type", "text/plain", "authorization", "Bearer garbage");
        Answer upsert =
                project.put("user-files/ignored.txt", token, "2", "content-type", "text/plain", "x-upsert", "true");

        assertThat(first.status()).isEqualTo(200);
        assertThat(upsert.toString()).isEqualTo("400 " + DUPLICATE);
    }

    @Test
    void takesPathsAsTheyAreSentAndChecksTheKeyAtThePut() {
        assertThat(urlOf(project.sign(project.alice(), "user-files/" + ALICE + "/..%2f..%2fx.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/../../x.txt?token=");
        assertThat(urlOf(project.sign(project.alice(), "user-files/" + ALICE + "%2Fenc.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/enc.txt?token=");
        assertThat(urlOf(project.sign(project.alice(), "user-files/" + ALICE + "/a%23b.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/a#b.txt?token=");
        assertThat(urlOf(project.sign(project.alice(), "user-files/" + ALICE + "/%C3%BCn%C3%AF.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "/ünï.txt?token=");
        assertThat(urlOf(project.sign(project.alice(), "user-files/" + ALICE + "//d.txt")))
                .startsWith("/object/upload/sign/user-files/" + ALICE + "//d.txt?token=");
        assertThat(project.put(
                                "user-files/" + ALICE + "/a%23b.txt",
                                project.minted("user-files/" + ALICE + "/a#b.txt"),
                                "x",
                                "content-type",
                                "text/plain")
                        .json())
                .contains(entry("statusCode", "400"), entry("code", "InvalidKey"));
    }

    @Test
    void asksForABodyOnlyWhereTheTypeIsJson() {
        String path = "/object/upload/sign/user-files/" + ALICE + "/hint.txt";

        assertThat(project.http()
                        .send("POST", path, null, bearer(project.alice(), "content-type", "image/png"))
                        .status())
                .isEqualTo(200);
        assertThat(project.http()
                        .send("POST", path, null, bearer(project.alice()))
                        .status())
                .isEqualTo(200);
        assertThat(project.http()
                        .send("POST", path, "x", bearer(project.alice(), "content-type", "text/plain"))
                        .status())
                .isEqualTo(200);
        assertThat(project.http()
                        .send("POST", path, null, bearer(project.alice(), "content-type", "application/json"))
                        .toString())
                .isEqualTo(
                        "400 {\"statusCode\":\"400\",\"error\":\"FastifyError\",\"message\":"
                                + "\"Body cannot be empty when content-type is set to 'application/json'\",\"code\":\"InvalidRequest\"}");
        assertThat(project.http().send("POST", path, null).toString())
                .isEqualTo("400 {\"statusCode\":\"400\",\"error\":\"Error\",\"message\":"
                        + "\"headers must have required property 'authorization'\",\"code\":\"InvalidRequest\"}");
    }
}
