package dev.sluice.testkit.supabase;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.nimbusds.jose.util.Base64URL;
import dev.sluice.testkit.Database;
import dev.sluice.testkit.Postgres;
import dev.sluice.testkit.supabase.HttpProbe.Answer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What tests of the edge build on: faults, counters, keys, large and broken uploads. */
class LocalSupabaseFaultsIT {

    private static final String SIGN = "/storage/v1/object/upload/sign/open/";

    private Path objects;
    private Database database;
    private LocalSupabase supabase;
    private HttpProbe http;

    @BeforeEach
    void start() {
        objects = Path.of("target", "local-supabase", UUID.randomUUID().toString());
        database = Postgres.shared().newDatabase();
        supabase = LocalSupabase.start(
                database.dataSource(), objects, Options.defaults().withFileSizeLimit(300L * 1024 * 1024));
        supabase.createBucket("open");
        http = new HttpProbe(supabase.url());
    }

    @AfterEach
    void stop() {
        supabase.close();
        database.close();
    }

    @Test
    void answersWithAPlannedStatusForAsManyCallsAsAsked() {
        supabase.faults().status("storage.sign-upload", 503, "{\"message\":\"away\"}", Map.of("retry-after", "7"));
        supabase.faults().times("storage.sign-upload", 2);

        Answer first = sign("a.txt");
        assertThat(first.toString()).isEqualTo("503 {\"message\":\"away\"}");
        assertThat(first.header("retry-after")).isEqualTo("7");
        assertThat(sign("a.txt").status()).isEqualTo(503);
        assertThat(sign("a.txt").status()).isEqualTo(200);
    }

    @Test
    void appliesTheMostExactFaultAndHeals() {
        supabase.faults().status("*", 500, "{}").status("storage", 502, "{}").status("rest.rpc", 503, "{}");

        assertThat(sign("a.txt").status()).isEqualTo(502);
        assertThat(rpc("resolve_api_key", "{}").status()).isEqualTo(503);
        assertThat(jwks().status()).isEqualTo(500);
        supabase.faults().clear("storage");
        assertThat(sign("a.txt").status()).isEqualTo(500);
        supabase.faults().clear();
        assertThat(sign("a.txt").status()).isEqualTo(200);
    }

    @Test
    void delaysAnAnswer() {
        supabase.faults().delay("auth.jwks", Duration.ofMillis(300));

        long before = System.nanoTime();
        assertThat(jwks().status()).isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(Duration.ofMillis(300));
    }

    @Test
    void losesTheAnswerAfterTheWorkIsDone() {
        String token = token(sign("lost.txt"));
        supabase.faults().dropAnswer("storage.upload").times("storage.upload", 1);

        assertThatThrownBy(() -> http.exchange(
                        "PUT",
                        SIGN + "lost.txt?token=" + token,
                        BodyPublishers.ofString("x"),
                        "content-type",
                        "text/plain"))
                .isInstanceOf(IOException.class)
                .isNotInstanceOf(HttpTimeoutException.class);

        assertThat(stored("lost.txt").bytes()).asString().isEqualTo("x");
    }

    @Test
    void answersBeforeTheBodyAndCloses() throws IOException {
        supabase.faults().answerEarlyAndClose("storage.upload", 507, "{\"message\":\"full\"}");
        URI url = URI.create(supabase.url());
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.setSoTimeout(30_000);
            socket.getOutputStream()
                    .write(
                            "POST /storage/v1/object/open/early.txt HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));

            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

            assertThat(answer).startsWith("HTTP/1.1 507").endsWith("{\"message\":\"full\"}");
        }
    }

    @Test
    void readsABodySlowly() {
        supabase.faults().slowBody("storage.upload", 10_000);

        long before = System.nanoTime();
        assertThat(http.send("PUT", SIGN + "slow.txt?token=" + token(sign("slow.txt")), "x".repeat(4000))
                        .status())
                .isEqualTo(200);
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isGreaterThanOrEqualTo(Duration.ofMillis(400));
        assertThat(stored("slow.txt").size()).isEqualTo(4000);
    }

    @Test
    void doesTheWorkToItsEndWhenTheClientHasGone() throws IOException {
        database.execute("create function public.slow_insert() returns void language plpgsql as $$ begin "
                + "perform pg_sleep(0.5); insert into public.user_quotas (user_id) values ('gone'); end $$");
        URI url = URI.create(supabase.url());
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.getOutputStream()
                    .write(("POST /rest/v1/rpc/slow_insert HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\napikey: "
                                    + supabase.serviceKey() + "\r\n\r\n{}")
                            .getBytes(StandardCharsets.US_ASCII));
            await().until(() -> supabase.calls("rest.rpc.slow_insert") == 1);
        }

        await().until(() -> database.number("select count(*) from public.user_quotas where user_id = 'gone'") == 1);
    }

    @Test
    void leavesTheWorkUndoneWhenItRefusesOrHangs() throws IOException {
        supabase.faults().refuse("rest.rpc.increment_user_quota").times("rest.rpc.increment_user_quota", 1);
        assertThatThrownBy(() -> http.exchange(
                        "POST",
                        "/rest/v1/rpc/increment_user_quota",
                        BodyPublishers.ofString("{\"p_user_id\":\"u\",\"p_amount\":1}"),
                        "apikey",
                        supabase.serviceKey()))
                .isInstanceOf(IOException.class);
        assertThat(database.number("select count(*) from public.user_quotas")).isZero();

        supabase.faults().hang("rest.rpc");
        URI url = URI.create(supabase.url());
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            socket.setSoTimeout(500);
            socket.getOutputStream()
                    .write(("GET /rest/v1/rpc/quotas_of HTTP/1.1\r\nhost: x\r\napikey: " + supabase.serviceKey()
                                    + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThatThrownBy(() -> socket.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
            assertThat(supabase.calls("rest.rpc.quotas_of")).isEqualTo(1);
            supabase.close();
            assertThat(socket.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void countsAndRecordsWhatReachedIt() {
        http.send(
                "POST",
                SIGN + "a%2Fb.txt",
                null,
                "authorization",
                "Bearer " + supabase.serviceKey(),
                "x-upsert",
                "true");
        http.send("GET", "/storage/v1/bucket", null);
        http.send("GET", "/elsewhere", null);

        RecordedRequest last = Objects.requireNonNull(supabase.lastRequest("storage.sign-upload"));
        assertThat(last.rawPath()).isEqualTo(SIGN + "a%2Fb.txt");
        assertThat(last.header("X-Upsert")).isEqualTo("true");
        assertThat(supabase.calls("storage.sign-upload")).isEqualTo(1);
        assertThat(supabase.calls("storage")).isEqualTo(2);
        assertThat(supabase.calls("*")).isEqualTo(3);
        supabase.forgetCalls();
        assertThat(supabase.calls("*")).isZero();
        assertThat(supabase.lastRequest("storage.sign-upload")).isNull();
    }

    @Test
    void listsPublicKeysOnlyAndKeepsRotatedOnesUntilRevoked() {
        String old = supabase.accessTokenEs256("11111111-1111-4111-8111-111111111111", "pro");
        assertThat(keysOf(jwks())).hasSize(1);

        supabase.rotateSigningKey();

        List<?> keys = keysOf(jwks());
        assertThat(keys).hasSize(2);
        assertThat(jwks().body()).doesNotContain("\"d\":");
        assertThat(jwks().header("cache-control")).isEqualTo("public, max-age=600");
        assertThat(jwks().body()).doesNotContain("\"oct\"");
        assertThat(bucketsAs(old).status()).isEqualTo(200);
        supabase.revokeRotatedSigningKeys();
        assertThat(bucketsAs(old).json()).containsEntry("statusCode", "403");
        assertThat(bucketsAs(supabase.accessTokenEs256("x", null)).status()).isEqualTo(200);
    }

    @Test
    void makesApiKeysThatTheProjectResolves() throws Exception {
        String key = supabase.createApiKey("alice", "pro");
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
        String hex = HexFormat.of().formatHex(hash);

        assertThat(rpc("resolve_api_key", "{\"p_key_hash\":\"" + hex + "\"}").json())
                .containsEntry("userId", "alice")
                .containsEntry("plan", "pro");
    }

    @Test
    void speaksAsAnOlderServerOnRequest() {
        try (LocalSupabase older = LocalSupabase.start(
                database.dataSource(),
                objects,
                Options.defaults().asOlderServer().withUploadExpiry(Duration.ofHours(2)))) {
            HttpProbe probe = new HttpProbe(older.url());
            Answer signed = probe.send("POST", SIGN + "o.txt", null, "authorization", "Bearer " + older.serviceKey());
            String claims = new Base64URL(token(signed).split("\\.", -1)[1]).decodeToString();

            assertThat(claims)
                    .startsWith("{\"url\":\"open/o.txt\",\"upsert\":false,\"iat\":")
                    .doesNotContain("scope");
            assertThat(probe.send("GET", "/storage/v1/bucket", null).toString())
                    .isEqualTo(
                            "400 {\"statusCode\":\"400\",\"error\":\"Error\",\"message\":\"headers must have required property 'authorization'\"}");
        }
    }

    @Test
    void letsConcurrentPutsWithOneTokenAllPassAndTheNextOneFail() throws IOException {
        String token = token(sign("race.txt"));
        List<Socket> puts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            puts.add(halfAPut("race.txt", token, 200_000));
        }
        await().until(() -> files().size() == 3);

        for (Socket put : puts) {
            put.getOutputStream().write(new byte[100_000]);
            assertThat(new String(put.getInputStream().readNBytes(12), StandardCharsets.US_ASCII))
                    .isEqualTo("HTTP/1.1 200");
            put.close();
        }

        assertThat(http.send("PUT", SIGN + "race.txt?token=" + token, "x", "content-type", "text/plain")
                        .body())
                .contains("KeyAlreadyExists");
        assertThat(files()).containsExactly(stored("race.txt").file());
    }

    @Test
    void streamsALargeUploadAndServesItBack() throws Exception {
        String token = token(sign("large.bin"));
        int megabytes = 128;
        InputStream body = new RepeatingStream(megabytes * 1024L * 1024);

        Answer put = http.stream("PUT", SIGN + "large.bin?token=" + token, BodyPublishers.ofInputStream(() -> body));

        assertThat(put.toString()).isEqualTo("200 {\"Key\":\"open/large.bin\"}");
        assertThat(stored("large.bin").size()).isEqualTo(megabytes * 1024L * 1024);
        Answer head = http.send(
                "HEAD", "/storage/v1/object/open/large.bin", null, "authorization", "Bearer " + supabase.serviceKey());
        assertThat(head.header("content-length")).isEqualTo(Long.toString(megabytes * 1024L * 1024));
        Answer tail = http.send(
                "GET",
                "/storage/v1/object/open/large.bin",
                null,
                "authorization",
                "Bearer " + supabase.serviceKey(),
                "range",
                "bytes=-5");
        assertThat(tail.status()).isEqualTo(206);
        assertThat(tail.body()).hasSize(5);
    }

    @Test
    void keepsNothingOfAnUploadThatBreaksOff() throws IOException {
        String token = token(sign("broken.bin"));
        try (Socket socket = halfAPut("broken.bin", token, 1_000_000)) {
            await().until(() -> !files().isEmpty());
            assertThat(socket.isConnected()).isTrue();
        }

        await().until(() -> files().isEmpty());
        assertThat(supabase.storedObject("open", "broken.bin")).isNull();
        assertThat(sign("broken.bin").status()).isEqualTo(200);
    }

    @Test
    void answersARefusedLargeUploadWithoutReadingItAll() {
        supabase.createBucket("small", false, 10L);
        String token = token(http.send(
                "POST",
                SIGN.replace("/open/", "/small/") + "x",
                null,
                "authorization",
                "Bearer " + supabase.serviceKey()));

        Answer answer = http.send("PUT", SIGN.replace("/open/", "/small/") + "x?token=" + token, "y".repeat(5_000_000));

        assertThat(answer.json()).containsEntry("statusCode", "413");
    }

    /** A connection on which a PUT of that length has begun: its first 100,000 bytes are sent. */
    private Socket halfAPut(String name, String token, int length) throws IOException {
        URI url = URI.create(supabase.url());
        Socket socket = new Socket(url.getHost(), url.getPort());
        OutputStream out = socket.getOutputStream();
        String head = "PUT " + SIGN + name + "?token=" + token + " HTTP/1.1\r\nhost: x\r\ncontent-length: " + length;
        out.write((head + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        out.write(new byte[100_000]);
        out.flush();
        return socket;
    }

    private List<Path> files() {
        try (Stream<Path> files = Files.list(objects)) {
            return files.toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Answer sign(String name) {
        return http.send("POST", SIGN + name, null, "authorization", "Bearer " + supabase.serviceKey());
    }

    private Answer rpc(String function, String body) {
        return http.send("POST", "/rest/v1/rpc/" + function, body, "apikey", supabase.serviceKey());
    }

    private Answer bucketsAs(String token) {
        return http.send("GET", "/storage/v1/bucket", null, "authorization", "Bearer " + token);
    }

    private Answer jwks() {
        return http.send("GET", "/auth/v1/.well-known/jwks.json", null);
    }

    private static List<?> keysOf(Answer jwks) {
        return (List<?>) Objects.requireNonNull(jwks.json().get("keys"));
    }

    private static String token(Answer signed) {
        return String.valueOf(signed.json().get("token"));
    }

    private StoredObject stored(String name) {
        return Objects.requireNonNull(supabase.storedObject("open", name));
    }

    /** That many bytes of one letter, made as they are read. */
    private static final class RepeatingStream extends InputStream {

        private long left;

        RepeatingStream(long bytes) {
            this.left = bytes;
        }

        @Override
        public int read() {
            return left-- > 0 ? 'z' : -1;
        }

        @Override
        public int read(byte[] target, int offset, int length) {
            if (left <= 0) {
                return -1;
            }
            int count = (int) Math.min(left, length);
            Arrays.fill(target, offset, offset + count, (byte) 'z');
            left -= count;
            return count;
        }
    }
}
