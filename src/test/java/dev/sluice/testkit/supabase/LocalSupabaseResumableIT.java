package dev.sluice.testkit.supabase;

import static dev.sluice.testkit.supabase.RecordedProject.ALICE;
import static dev.sluice.testkit.supabase.RecordedProject.BOB;
import static dev.sluice.testkit.supabase.RecordedProject.denied;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.supabase.HttpProbe.Answer;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Replays what was recorded of resumable uploads, and the parts of tus 1.0.0 that clients rely on beside it. */
class LocalSupabaseResumableIT {

    private static final String SIGNED = "/upload/resumable/sign";
    private static final String BEARER = "/upload/resumable";
    private static final String BODY = "application/offset+octet-stream";

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
    void takesAnUploadInPartsByTheTokenOfASignedUrl() {
        String token = project.minted("open/tus/signed.bin");
        String metadata = metadata("open", "tus/signed.bin") + ",contentType dGV4dC9wbGFpbg==,cacheControl MzYwMA==";

        Answer created =
                tus("POST", SIGNED, null, "x-signature", token, "upload-length", "10", "upload-metadata", metadata);
        String path = path(created);
        Answer unsigned = tus("PATCH", path, "hello", "upload-offset", "0", "content-type", BODY);
        Answer first = tus("PATCH", path, "hello", "x-signature", token, "upload-offset", "0", "content-type", BODY);
        Answer state = tus("HEAD", path, null, "x-signature", token);
        Answer last = tus("PATCH", path, "world", "x-signature", token, "upload-offset", "5", "content-type", BODY);

        assertThat(created.toString()).isEqualTo("201 ");
        assertThat(created.header("location")).startsWith(project.supabase().url() + "/storage/v1" + SIGNED + "/");
        assertThat(created.header("access-control-expose-headers")).contains("Location", "Upload-Offset");
        assertThat(new String(
                        Base64.getUrlDecoder().decode(path.substring(path.lastIndexOf('/') + 1)),
                        StandardCharsets.UTF_8))
                .matches("open/tus/signed\\.bin/[0-9a-f-]{36}");
        assertThat(unsigned.toString()).isEqualTo("400 Missing x-signature header");
        assertThat(first.status()).isEqualTo(204);
        assertThat(first.header("upload-offset")).isEqualTo("5");
        assertThat(first.header("tus-complete")).isEmpty();
        assertThat(state.status()).isEqualTo(200);
        assertThat(state.header("upload-offset") + "/" + state.header("upload-length"))
                .isEqualTo("5/10");
        assertThat(state.header("cache-control")).isEqualTo("no-store");
        assertThat(state.header("upload-metadata"))
                .isEqualTo(metadata("open", "tus/signed.bin")
                        + ",contentType dGV4dC9wbGFpbg==,cacheControl bWF4LWFnZT0zNjAw");
        assertThat(last.status() + " " + last.header("upload-offset") + " " + last.header("tus-complete"))
                .isEqualTo("204 10 1");
        assertThat(project.stored("open", "tus/signed.bin").bytes()).asString().isEqualTo("helloworld");
        assertThat(project.stored("open", "tus/signed.bin").contentType()).isEqualTo("text/plain");
        assertThat(project.stored("open", "tus/signed.bin").cacheControl()).isEqualTo("max-age=3600");
    }

    @Test
    void refusesInTheRecordedWordsWithTheRealStatus() {
        String foreign = project.minted("open/tus/signed.bin");

        assertThat(tus(
                                "POST",
                                SIGNED,
                                null,
                                "x-signature",
                                foreign,
                                "upload-length",
                                "10",
                                "upload-metadata",
                                metadata("open", "tus/other"))
                        .toString())
                .isEqualTo("400 Invalid signature");
        assertThat(create("user-files", ALICE + "/big.txt", 5000, "text/plain").toString())
                .isEqualTo("413 Maximum size exceeded\n");
        assertThat(create("user-files", BOB + "/x.txt", 50, "text/plain").toString())
                .isEqualTo("403 new row violates row-level security policy");
        assertThat(create("user-files", ALICE + "/x.pdf", 50, "application/pdf").toString())
                .isEqualTo("415 mime type application/pdf is not supported");
        assertThat(create("nope", "x", 50, "text/plain").toString()).isEqualTo("404 Bucket not found");
        assertThat(project.http()
                        .send("POST", BEARER, null, "authorization", "Bearer nope", "tus-resumable", "1.0.0")
                        .toString())
                .isEqualTo("400 " + denied("Invalid Compact JWS"));
        assertThat(project.http().send("POST", SIGNED, null).toString()).isEqualTo("412 Tus-Resumable Required\n");
    }

    @Test
    void tellsItsCapabilities() {
        Answer answer = project.http().send("OPTIONS", BEARER, null);

        assertThat(answer.status()).isEqualTo(204);
        assertThat(answer.header("tus-max-size")).isEqualTo("52428800");
        assertThat(answer.header("tus-version")).isEqualTo("1.0.0");
        assertThat(answer.header("tus-extension"))
                .isEqualTo("creation,creation-with-upload,creation-defer-length,termination,expiration");
        assertThat(answer.header("access-control-allow-methods")).isEqualTo("POST, HEAD, PATCH, OPTIONS, DELETE");
        assertThat(answer.header("access-control-allow-headers")).endsWith("ApiKey, x-signature");
    }

    @Test
    void takesTheFirstBytesWithTheCreationAndTheLengthLater() {
        Answer created = tus(
                "POST",
                BEARER,
                "abc",
                alice(
                        "upload-defer-length",
                        "1",
                        "content-type",
                        BODY,
                        "upload-metadata",
                        metadata("user-files", ALICE + "/later.txt") + ",contentType dGV4dC9wbGFpbg=="));
        Answer open = tus("HEAD", path(created), null, alice());
        Answer early = tus("PATCH", path(created), "d", alice("upload-offset", "3", "content-type", BODY));
        Answer tooBig = tus(
                "PATCH",
                path(created),
                "e",
                alice("upload-offset", "4", "content-type", BODY, "upload-length", "1001"));
        Answer last = tus(
                "PATCH", path(created), "ef", alice("upload-offset", "4", "content-type", BODY, "upload-length", "6"));

        assertThat(created.status() + " " + created.header("upload-offset")).isEqualTo("201 3");
        assertThat(open.header("upload-defer-length") + open.header("upload-length"))
                .isEqualTo("1");
        assertThat(early.status() + early.header("tus-complete")).isEqualTo("204");
        assertThat(tooBig.toString()).isEqualTo("413 Maximum size exceeded\n");
        assertThat(last.status() + " " + last.header("tus-complete")).isEqualTo("204 1");
        assertThat(project.stored("user-files", ALICE + "/later.txt").bytes())
                .asString()
                .isEqualTo("abcdef");
        assertThat(project.stored("user-files", ALICE + "/later.txt").owner()).isEqualTo(ALICE);
    }

    @Test
    void refusesAnUploadThatOutgrowsItsLengthOrMissesItsOffset() {
        String path = path(create("user-files", ALICE + "/grow.txt", 4, "text/plain"));

        assertThat(patch(path, 0, "12345").toString()).isEqualTo("413 upload's size exceeded\n");
        assertThat(patch(path, 0, "12").status()).isEqualTo(204);
        assertThat(patch(path, 0, "12").toString()).isEqualTo("409 Upload-Offset conflict\n");
        assertThat(project.http().stream(
                                "PATCH",
                                path,
                                BodyPublishers.ofInputStream(
                                        () -> new java.io.ByteArrayInputStream(new byte[] {51, 52, 53})),
                                alice("tus-resumable", "1.0.0", "upload-offset", "2", "content-type", BODY))
                        .toString())
                .isEqualTo("413 upload's size exceeded\n");
        assertThat(tus("PATCH", path, "1", alice("content-type", BODY)).toString())
                .isEqualTo("403 Upload-Offset header required\n");
        assertThat(patch(path.substring(0, path.length() - 2), 0, "1").status()).isEqualTo(404);
    }

    @Test
    void asksThePolicyAgainForEachPartAndReplacesOnlyIfAsked() {
        String path = path(create("user-files", ALICE + "/twice.txt", 4, "text/plain"));

        assertThat(tus(
                                "PATCH",
                                path,
                                "1",
                                RecordedProject.bearer(project.bob(), "upload-offset", "0", "content-type", BODY))
                        .toString())
                .isEqualTo("403 new row violates row-level security policy");
        assertThat(patch(path, 0, "1234").status()).isEqualTo(204);
        assertThat(create("user-files", ALICE + "/twice.txt", 4, "text/plain").toString())
                .isEqualTo("409 The resource already exists");
        assertThat(tus(
                                "POST",
                                BEARER,
                                null,
                                alice(
                                        "x-upsert",
                                        "true",
                                        "upload-length",
                                        "0",
                                        "upload-metadata",
                                        metadata("user-files", ALICE + "/twice.txt") + ",contentType dGV4dC9wbGFpbg=="))
                        .header("tus-complete"))
                .isEqualTo("1");
        assertThat(project.stored("user-files", ALICE + "/twice.txt").bytes()).isEmpty();
    }

    @Test
    void forgetsWhatIsTerminatedButNotWhatIsComplete() {
        String path = path(create("user-files", ALICE + "/gone.txt", 4, "text/plain"));
        String complete = path(create("user-files", ALICE + "/done.txt", 1, "text/plain"));
        patch(complete, 0, "1");

        assertThat(tus("DELETE", path, null, alice()).status()).isEqualTo(204);
        assertThat(tus("HEAD", path, null, alice()).status()).isEqualTo(404);
        assertThat(tus("POST", complete, null, alice("x-upsert", "true", "x-http-method-override", "DELETE"))
                        .toString())
                .isEqualTo("400 Cannot terminate an already completed upload");
    }

    @Test
    void keepsWhatArrivedWhenAPartBreaksOff() throws IOException {
        String path = path(create("user-files", ALICE + "/broken.txt", 10, "text/plain"));
        URI url = URI.create(project.supabase().url());
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            String head =
                    "PATCH /storage/v1" + path + " HTTP/1.1\r\nhost: x\r\nauthorization: Bearer " + project.alice()
                            + "\r\ntus-resumable: 1.0.0\r\nupload-offset: 0\r\ncontent-type: " + BODY
                            + "\r\ncontent-length: 10\r\n\r\nfirst";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            await().atMost(Duration.ofSeconds(30))
                    .until(() -> tus("HEAD", path, null, alice())
                            .header("upload-offset")
                            .equals("5"));
        }

        assertThat(patch(path, 5, "after").header("tus-complete")).isEqualTo("1");
        assertThat(project.stored("user-files", ALICE + "/broken.txt").bytes())
                .asString()
                .isEqualTo("firstafter");
    }

    @Test
    void breaksOffAfterPlannedBytesWhichStay() {
        String path = path(create("user-files", ALICE + "/planned.txt", 10, "text/plain"));
        project.supabase().faults().breakOff("storage.tus.patch", 4).times("storage.tus.patch", 1);

        assertThatThrownBy(() -> project.http()
                        .exchange(
                                "PATCH",
                                path,
                                BodyPublishers.ofString("0123456789"),
                                alice("tus-resumable", "1.0.0", "upload-offset", "0", "content-type", BODY)))
                .isInstanceOf(IOException.class);

        assertThat(tus("HEAD", path, null, alice()).header("upload-offset")).isEqualTo("4");
        assertThat(patch(path, 4, "456789").header("tus-complete")).isEqualTo("1");
    }

    @Test
    void sendsClientsWhereItIsPublic() {
        Answer forwarded = tus(
                "POST",
                BEARER,
                null,
                alice(
                        "upload-length",
                        "4",
                        "x-forwarded-host",
                        "edge.example:80",
                        "x-forwarded-port",
                        "8443",
                        "x-forwarded-proto",
                        "https",
                        "upload-metadata",
                        metadata("user-files", ALICE + "/forwarded.txt")));

        assertThat(forwarded.header("location")).startsWith("https://edge.example:8443/storage/v1" + BEARER + "/");
        try (LocalSupabase other = project.another(Options.defaults().withPublicUrl("https://abc.example"))) {
            Answer created = new HttpProbe(other.url() + "/storage/v1")
                    .send(
                            "POST",
                            BEARER,
                            null,
                            alice(
                                    "tus-resumable",
                                    "1.0.0",
                                    "upload-length",
                                    "4",
                                    "upload-metadata",
                                    metadata("user-files", ALICE + "/public.txt")));
            assertThat(created.header("location")).startsWith("https://abc.example/storage/v1" + BEARER + "/");
        }
    }

    @Test
    void movesAndCopiesWithinThePolicies() {
        project.http()
                .send(
                        "POST",
                        "/object/user-files/" + ALICE + "/from.txt",
                        "moved",
                        alice("content-type", "text/plain"));

        Answer copied = names("copy", ALICE + "/from.txt", ALICE + "/copy.txt");
        Answer moved = names("move", ALICE + "/from.txt", ALICE + "/to.txt");

        assertThat(copied.status()).isEqualTo(200);
        assertThat(copied.json()).containsEntry("Key", "user-files/" + ALICE + "/copy.txt");
        assertThat(moved.toString()).isEqualTo("200 {\"message\":\"Successfully moved\"}");
        assertThat(project.stored("user-files", ALICE + "/copy.txt").bytes())
                .asString()
                .isEqualTo("moved");
        assertThat(project.stored("user-files", ALICE + "/to.txt").bytes())
                .asString()
                .isEqualTo("moved");
        assertThat(names("move", ALICE + "/from.txt", ALICE + "/again.txt").toString())
                .isEqualTo("400 " + RecordedProject.NO_KEY);
        assertThat(names("copy", ALICE + "/to.txt", BOB + "/stolen.txt").toString())
                .isEqualTo("400 " + RecordedProject.RLS);
        assertThat(names("copy", ALICE + "/to.txt", ALICE + "/copy.txt").toString())
                .isEqualTo("400 " + RecordedProject.DUPLICATE);
    }

    @Test
    void letsBrowsersOfAnyOriginIn() {
        Answer preflight = project.http()
                .send(
                        "OPTIONS",
                        BEARER,
                        null,
                        "origin",
                        "http://app.example",
                        "access-control-request-method",
                        "POST",
                        "access-control-request-headers",
                        "x-upsert,apikey");
        Answer answer = project.http().send("GET", "/bucket", null, alice("origin", "http://app.example"));

        assertThat(preflight.toString()).isEqualTo("200 ");
        assertThat(preflight.header("access-control-allow-headers")).isEqualTo("x-upsert,apikey");
        assertThat(answer.headers().allValues("access-control-allow-origin")).containsExactly("*");
    }

    private static Answer create(String bucket, String name, long length, String type) {
        return tus(
                "POST",
                BEARER,
                null,
                alice(
                        "upload-length",
                        Long.toString(length),
                        "upload-metadata",
                        metadata(bucket, name) + ",contentType " + base64(type)));
    }

    private static Answer patch(String path, long offset, String body) {
        return tus("PATCH", path, body, alice("upload-offset", Long.toString(offset), "content-type", BODY));
    }

    private static Answer names(String action, String from, String to) {
        return project.http()
                .send(
                        "POST",
                        "/object/" + action,
                        Json.write(Map.of("bucketId", "user-files", "sourceKey", from, "destinationKey", to)),
                        RecordedProject.json(project.alice()));
    }

    private static Answer tus(String method, String path, @Nullable String body, String... headers) {
        List<String> all = new ArrayList<>(List.of(headers));
        all.addAll(List.of("tus-resumable", "1.0.0"));
        return project.http().send(method, path, body, all.toArray(String[]::new));
    }

    private static String[] alice(String... headers) {
        return RecordedProject.bearer(project.alice(), headers);
    }

    private static String path(Answer created) {
        String location = created.header("location");
        return Objects.requireNonNull(location).substring(location.indexOf("/upload/"));
    }

    private static String metadata(String bucket, String name) {
        return "bucketName " + base64(bucket) + ",objectName " + base64(name);
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}
