package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.DepartingClient;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A POST that is sent again under the same key: answered as the first time, and charged once. */
class IdempotencyIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String SIGN = "/v1/supabase/signed-url";
    private static final String RECORDS = "sluice:idempotency:*";

    private static Stack stack;

    private final String user = "again-" + UUID.randomUUID();
    private final String name = UUID.randomUUID().toString();

    @BeforeAll
    static void start() {
        stack = MintingStack.shared();
    }

    @AfterEach
    void clean() {
        stack.supabase().faults().clear();
        stack.redis()
                .client()
                .keys(RECORDS)
                .forEach(record -> stack.redis().client().del(record));
    }

    @Test
    void answersARepetitionAsTheFirstTimeAndChargesOnce() {
        String key = stack.user(user, 10);
        long before = stack.supabase().calls("storage.sign-upload");

        Answer first = sign(key, "\"k-1\"", name);
        Answer again = sign(key, "k-1", name);

        assertThat(first.status()).as(first.body()).isEqualTo(200);
        assertThat(first.header("Idempotency-Replayed")).isEmpty();
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(again.header("Content-Type")).isEqualTo("application/json");
        assertThat(again.header("Cache-Control")).isEqualTo("no-store");
        assertThat(stack.supabase().calls("storage.sign-upload")).isEqualTo(before + 1);
        awaitCharged(1, 1);
        String record = stack.redis().client().keys(RECORDS).get(0);
        assertThat(stack.redis().client().pttl(record))
                .isBetween(Duration.ofHours(23).toMillis(), Duration.ofHours(24).toMillis());
        assertThat(record).doesNotContain("k-1").doesNotContain(user);
    }

    @Test
    void answersARepeatedBatchAndDownload() {
        String key = stack.user(user, 10);
        String batch = "{\"items\":[{\"filename\":\"" + name
                + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}]}";
        Answer signed = post(key, "/v1/supabase/signed-urls", "k", batch);
        assertThat(signed.status()).as(signed.body()).isEqualTo(200);
        assertThat(post(key, "/v1/supabase/signed-urls", "k", batch).body()).isEqualTo(signed.body());
        put(signed.json().at("/items/0/uploadUrl").asString());

        String object = "{\"filename\":\"" + name + "\",\"supabaseBucket\":\"avatars\"}";
        Answer download = post(key, "/v1/supabase/download-url", "d", object);

        assertThat(download.status()).as(download.body()).isEqualTo(200);
        assertThat(post(key, "/v1/supabase/download-url", "d", object).body()).isEqualTo(download.body());
        awaitCharged(2, 2);
    }

    @Test
    void refusesAnotherRequestUnderTheSameKey() {
        String key = stack.user(user, 10);
        assertThat(sign(key, "k", name).status()).isEqualTo(200);

        Answer other = sign(key, "k", name + "-other");

        assertThat(other.status()).isEqualTo(422);
        assertThat(other.code()).isEqualTo("IDEMPOTENCY_CONFLICT");
        assertThat(post(key, "/v1/supabase/download-url", "k", "{\"filename\":\"a\",\"supabaseBucket\":\"avatars\"}")
                        .status())
                .isEqualTo(422);
        awaitCharged(1, 1);
    }

    @Test
    void keepsTheKeysOfUsersApart() {
        Answer mine = sign(stack.user(user, 10), "k", name);
        Answer theirs = sign(stack.user(user + "-2", 10), "k", name);

        assertThat(theirs.header("Idempotency-Replayed")).isEmpty();
        assertThat(theirs.status()).as(theirs.body()).isEqualTo(200);
        assertThat(theirs.json().get("requestId")).isNotEqualTo(mine.json().get("requestId"));
    }

    @Test
    void answersConcurrentRepetitionsWithTheOneThatCameFirst() {
        String key = stack.user(user, 10);
        stack.supabase().faults().delay("storage.sign-upload", Duration.ofMillis(200));

        List<CompletableFuture<Answer>> all = IntStream.range(0, 6)
                .mapToObj(i -> CompletableFuture.supplyAsync(() -> sign(key, "k", name)))
                .toList();
        List<Answer> answers = all.stream().map(CompletableFuture::join).toList();

        assertThat(answers).extracting(Answer::status).containsOnly(200);
        assertThat(answers.stream().map(Answer::body).distinct()).hasSize(1);
        assertThat(answers.stream()
                        .filter(answer -> answer.header("Idempotency-Replayed").isEmpty()))
                .hasSize(1);
        awaitCharged(1, 1);
    }

    @Test
    void refusesARepetitionForNowIfTheFirstTakesLong() {
        String key = stack.user(user, 10);
        stack.supabase().faults().delay("storage.sign-upload", Duration.ofMillis(2500));
        CompletableFuture<Answer> first = CompletableFuture.supplyAsync(() -> sign(key, "k", name));
        await().atMost(PATIENCE)
                .until(() -> !stack.redis().client().keys(RECORDS).isEmpty());

        Answer early = sign(key, "k", name);

        assertThat(early.status()).isEqualTo(429);
        assertThat(early.code()).isEqualTo("TOO_MANY_IN_FLIGHT");
        assertThat(early.header("Retry-After")).isEqualTo("1");
        assertThat(first.join().status()).isEqualTo(200);
        assertThat(sign(key, "k", name).body()).isEqualTo(first.join().body());
        awaitCharged(1, 1);
    }

    @Test
    void triesAFailedRequestAnew() {
        String key = stack.user(user, 10);
        stack.supabase().faults().status("storage.sign-upload", 500, "{}").times("storage.sign-upload", 1);
        assertThat(sign(key, "k", name).status()).isEqualTo(502);

        Answer again = sign(key, "k", name);

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.header("Idempotency-Replayed")).isEmpty();
        awaitCharged(1, 2);
    }

    @Test
    void keepsNoRefusal() {
        String key = stack.user(user, 0);
        assertThat(sign(key, "k", name).code()).isEqualTo("QUOTA_EXCEEDED");
        stack.database().update("update user_quotas set \"limit\" = 5 where user_id = ?", user);
        stack.redis()
                .client()
                .keys("*:quota:" + user)
                .forEach(ledger -> stack.redis().client().del(ledger));

        // The process remembers the refusal for two seconds, and lets twenty attempts a minute pass.
        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(500))
                .until(() -> sign(key, "k", name).status() == 200);
        awaitCharged(1, 1);
    }

    @Test
    void chargesOnceIfTheFirstOnesInstanceDied() {
        String key = stack.user(user, 1);
        Answer first = sign(key, "k", name);
        assertThat(sign(key, "another", name).code()).isEqualTo("QUOTA_EXCEEDED");
        // From now on this process remembers for a while that nothing is left.
        asIfItsInstanceHadDiedBeforeItWasRecorded();

        Answer again = sign(key, "k", name);

        assertThat(again.status()).as(again.body()).isEqualTo(200);
        assertThat(again.header("Idempotency-Replayed")).isEmpty();
        assertThat(again.json().get("requestId")).isNotEqualTo(first.json().get("requestId"));
        assertThat(sign(key, "k", name).body()).isEqualTo(again.body());
        awaitCharged(1, 1);
    }

    @Test
    void neverGivesBackWhatAnEarlierAttemptLivesOn() {
        String key = stack.user(user, 10);
        assertThat(sign(key, "k", name).status()).isEqualTo(200);
        asIfItsInstanceHadDiedBeforeItWasRecorded();
        stack.supabase().faults().status("storage.sign-upload", 500, "{}").times("storage.sign-upload", 1);
        assertThat(sign(key, "k", name).status()).isEqualTo(502);

        assertThat(sign(key, "k", name).status()).isEqualTo(200);

        awaitCharged(1, 1);
        assertThat(count("refund")).isZero();
    }

    @Test
    void signsAgainUnderTheSameChargeWhenTheUrlHasExpired() {
        String key = stack.user(user, 10);
        Answer first = sign(key, "k", name);
        String record = stack.redis().client().keys(RECORDS).get(0);
        assertThat(Long.parseLong(stack.redis().client().hget(record, "useful")) - System.currentTimeMillis())
                .isBetween(
                        Duration.ofMinutes(100).toMillis(), Duration.ofHours(2).toMillis());
        stack.redis().client().hset(record, "useful", "1");

        Answer again = sign(key, "k", name);

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.json().get("requestId")).isNotEqualTo(first.json().get("requestId"));
        awaitCharged(1, 1);
    }

    @Test
    void answersARepeatedUploadWithoutASecondOne() {
        String key = stack.user(user, 10);
        long before = stack.supabase().calls("storage.upload");

        Answer first = upload(key, "k", "content");
        Answer again = upload(key, "k", "content");
        Answer other = upload(key, "k", "content!");

        assertThat(first.status()).as(first.body()).isEqualTo(200);
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(other.code()).isEqualTo("IDEMPOTENCY_CONFLICT");
        assertThat(stack.supabase().calls("storage.upload")).isEqualTo(before + 1);
        awaitCharged(1, 1);
    }

    @Test
    void settlesAnUploadThatBrokeOffAndTakesItsRepetitionForAnother() throws IOException {
        String key = stack.user(user, 10);
        double before = passed();
        DepartingClient client = DepartingClient.connect(stack.edge().port())
                .send("POST /v1/upload/avatars/" + name + " HTTP/1.1\r\nHost: h\r\nX-API-Key: " + key
                        + "\r\nIdempotency-Key: k\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhello");
        await().atMost(PATIENCE).until(() -> passed() - before == 5);
        client.reset();
        awaitCharged(1, 1);
        await().atMost(PATIENCE).until(() -> bytes() == 5);

        Answer again = upload(key, "k", "helloworld");

        assertThat(again.status()).as(again.body()).isEqualTo(200);
        assertThat(again.header("Idempotency-Replayed")).isEmpty();
        assertThat(upload(key, "k", "helloworld").header("Idempotency-Replayed"))
                .isEqualTo("true");
        awaitCharged(2, 2);
        assertThat(bytes()).isEqualTo(15);
    }

    @Test
    void keepsAnAnswerWithoutABodyAndOneThatIsEncoded() {
        String key = stack.user(user, 10);
        long before = stack.supabase().calls("storage.upload");
        stack.supabase().faults().status("storage.upload", 204, "").times("storage.upload", 1);
        assertThat(upload(key, "k", "content").status()).isEqualTo(204);

        Answer again = upload(key, "k", "content");

        assertThat(again.status()).isEqualTo(204);
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(again.header("Content-Length")).isEmpty();
        assertThat(stack.supabase().calls("storage.upload")).isEqualTo(before + 1);
        stack.supabase().faults().status("storage.upload", 200, "{}", Map.of("Content-Encoding", "br"));
        assertThat(upload(key, "k-2", "content").header("Content-Encoding")).isEqualTo("br");
        assertThat(upload(key, "k-2", "content").header("Content-Encoding")).isEqualTo("br");
        awaitCharged(2, 2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "\"\"", "a\"b", "a\\b"})
    void refusesAKeyThatIsNone(String value) {
        assertRefused(sign(stack.user(user, 10), value, name));
    }

    @Test
    void refusesAKeyThatIsTooLong() {
        String key = stack.user(user, 10);
        assertThat(sign(key, "k".repeat(255), name).status()).isEqualTo(200);
        assertRefused(sign(key, "k".repeat(256), name));
    }

    @Test
    void writesNothingForARequestWithoutAKey() {
        assertThat(stack.sign(stack.user(user, 10), name).status()).isEqualTo(200);
        assertThat(stack.redis().client().keys(RECORDS)).isEmpty();
    }

    private static void assertRefused(Answer answer) {
        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("field").asString()).isEqualTo("Idempotency-Key");
    }

    private static void asIfItsInstanceHadDiedBeforeItWasRecorded() {
        String record = stack.redis().client().keys(RECORDS).get(0);
        stack.redis().client().hdel(record, "answer", "useful");
        stack.redis().client().hset(record, Map.of("owner", "somebody who died", "lease", "1"));
    }

    private static Answer sign(String key, String idempotencyKey, String filename) {
        return post(
                key,
                SIGN,
                idempotencyKey,
                "{\"filename\":\"" + filename + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\"avatars\"}");
    }

    private static Answer post(String key, String path, String idempotencyKey, String body) {
        return stack.post(path, Map.of("X-API-Key", key, "Idempotency-Key", idempotencyKey), body);
    }

    private Answer upload(String key, String idempotencyKey, String content) {
        return stack.send(HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/upload/avatars/" + name))
                .header("X-API-Key", key)
                .header("Idempotency-Key", idempotencyKey)
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString(content))
                .build());
    }

    private static void put(String url) {
        assertThat(stack.send(HttpRequest.newBuilder(URI.create(url))
                                .header("Content-Type", "image/png")
                                .PUT(BodyPublishers.ofString("pixels"))
                                .build())
                        .status())
                .isEqualTo(200);
    }

    /** What is counted in the end, by how many charges (those that were given back included). */
    private void awaitCharged(long current, long charges) {
        await().atMost(PATIENCE).until(() -> count("charge") == charges && stack.current(user) == current);
    }

    private long bytes() {
        return stack.database().number("select bytes_current from user_quotas where user_id = ?", user);
    }

    /** What has passed of bodies, of all users. */
    private static double passed() {
        return stack.edge()
                .bean(MeterRegistry.class)
                .get("sluice.upload.bytes")
                .tag("direction", "in")
                .counter()
                .count();
    }

    private long count(String kind) {
        return stack.database().number("select count(*) from usage_events where user_id = ? and kind = ?", user, kind);
    }
}
