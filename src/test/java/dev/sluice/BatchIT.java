package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Many URLs by one request: one admission of their number, all or nothing unless a part is asked for. */
class BatchIT {

    private static final String BATCH = "/v1/supabase/signed-urls";
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static Stack stack;

    private final String user = "batch-" + UUID.randomUUID();

    @BeforeAll
    static void start() {
        stack = MintingStack.shared();
        stack.supabase().createBucket("batch-photos");
        stack.supabase().createBucket("batch-foreign");
    }

    @Test
    void signsEachItemAndChargesTheirNumber() {
        String key = stack.user(user, 10);
        stack.grant(user, "batch-photos");

        Answer answer =
                mint(key, false, item("a b.png", "avatars"), item("c.png", "batch-photos"), item("d", "avatars"));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode body = answer.json();
        assertThat(body.propertyNames()).containsExactly("success", "items", "requestId", "timing");
        assertThat(body.get("timing").get("supabaseCall").doubleValue())
                .isLessThanOrEqualTo(body.get("timing").get("total").doubleValue());
        assertThat(body.get("items")).hasSize(3);
        assertThat(body.get("items").get(0).propertyNames()).containsExactly("uploadUrl", "token", "path");
        assertThat(body.get("items").get(0).get("path").asString()).isEqualTo("a b.png");
        body.get("items")
                .forEach(item ->
                        assertThat(put(item.get("uploadUrl").asString())).isEqualTo(200));
        assertThat(stack.supabase().storedObject("batch-photos", "c.png")).isNotNull();
        assertThat(answer.header("RateLimit")).startsWith("\"signed-url-instance\";r=17");
        assertThat(answer.header("RateLimit-Policy")).contains("\"signed-url\";q=30;w=60");
        awaitCurrent(3);
    }

    @Test
    void givesEverythingBackIfOneItemCannotBeSigned() {
        String key = stack.user(user, 10);
        upload(key, user + ".png");

        Answer answer = mint(key, false, item("new.png", "avatars"), item(user + ".png", "avatars"));

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.code()).isEqualTo("OBJECT_EXISTS");
        assertThat(answer.json().get("item").asInt()).isEqualTo(1);
        awaitRefunded(1, 2);
    }

    @Test
    void saysOfEachItemOfAPartialBatchWhatBecameOfItAndChargesWhatWasSigned() {
        String key = stack.user(user, 10);
        upload(key, user + ".png");

        Answer answer = mint(
                key,
                true,
                item("new.png", "avatars"),
                item(user + ".png", "avatars"),
                item("c.png", "batch-foreign"),
                item("../x", "avatars"),
                item("newer.png", "avatars"));

        assertThat(answer.status()).as(answer.body()).isEqualTo(200);
        JsonNode items = answer.json().get("items");
        assertThat(items).hasSize(5);
        assertThat(items.valueStream().map(item -> item.path("code").asString("")))
                .containsExactly("", "OBJECT_EXISTS", "BUCKET_ACCESS_DENIED", "INVALID_REQUEST", "");
        assertThat(items.valueStream().map(item -> item.get("success").asBoolean()))
                .containsExactly(true, false, false, false, true);
        assertThat(items.get(3).get("field").asString()).isEqualTo("items[3].filename");
        assertThat(items.get(1).get("error").asString()).isNotEmpty();
        assertThat(put(items.get(4).get("uploadUrl").asString())).isEqualTo(200);
        // One for the upload before; of the batch four were charged, two of them given back.
        awaitRefunded(3, 2);
    }

    @Test
    void refusesAPartialBatchOfWhichNothingCanBeSigned() {
        String key = stack.user(user, 10);
        upload(key, user + ".png");

        Answer answer = mint(key, true, item(user + ".png", "avatars"), item("c.png", "batch-foreign"));

        assertThat(answer.status()).isEqualTo(409);
        awaitRefunded(1, 2);
    }

    @Test
    void refusesTheWholeForOneBucketThatIsNotGranted() {
        String key = stack.user(user, 10);

        Answer answer = mint(key, false, item("a.png", "avatars"), item("c.png", "batch-foreign"));

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.code()).isEqualTo("BUCKET_ACCESS_DENIED");
        assertThat(stack.sign(key, "b.png").status()).isEqualTo(200);
        awaitCurrent(1);
    }

    @Test
    void refusesTheWholeForOneItemThatIsTooLarge() {
        Answer answer = mint(
                stack.user(user, 10),
                true,
                item("a.png", "avatars"),
                item("b.png", "avatars").replace("}", ",\"fileSize\":2000000000}"));

        assertThat(answer.status()).isEqualTo(413);
        assertThat(answer.json().get("limit").asLong()).isEqualTo(1_073_741_824);
    }

    @Test
    void refusesTheWholeIfTheQuotaDoesNotHoldIt() {
        String key = stack.user(user, 2);

        Answer answer = mint(key, true, item("a", "avatars"), item("b", "avatars"), item("c", "avatars"));

        assertThat(answer.status()).isEqualTo(403);
        assertThat(answer.code()).isEqualTo("QUOTA_EXCEEDED");
        assertThat(mint(key, false, item("a", "avatars"), item("b", "avatars")).status())
                .isEqualTo(200);
        awaitCurrent(2);
    }

    @Test
    void countsEachItemAgainstTheRates() {
        String key = stack.user(user, 100);
        assertThat(mint(key, false, items(12)).status()).isEqualTo(200);

        Answer spent = mint(key, false, items(12));

        assertThat(spent.status()).isEqualTo(429);
        assertThat(spent.code()).isEqualTo("RATE_LIMIT_MEMORY");
        assertThat(spent.json().get("remaining").asInt()).isEqualTo(7);
        assertThat(spent.header("Retry-After")).isNotEmpty();
        Answer never = mint(stack.user(user + "-2", 100), false, items(21));
        assertThat(never.status()).isEqualTo(400);
        assertThat(never.json().get("field").asString()).isEqualTo("items");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|items",
                "{\"items\":null}|items",
                "{\"items\":[]}|items",
                "{\"items\":{}}|items",
                "{\"items\":[1]}|items[0]",
                "{\"items\":[{\"filename\":\"a\",\"supabaseBucket\":\"avatars\"}]}|items[0].contentType",
                "{\"items\":[{\"filename\":1}]}|items[0].filename",
                "{\"partial\":1,\"items\":[]}|partial",
                "{\"items\":[{\"contentType\":\"a/b\",\"filename\":\"../a\",\"supabaseBucket\":\"avatars\"}],\"partial\":true}"
                        + "|items[0].filename",
            })
    void refusesABatchThatIsNotWhatWasAgreed(String body, String field) {
        Answer answer = stack.post(BATCH, Map.of("X-API-Key", stack.user(user, 10)), body);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().get("field").asString()).isEqualTo(field);
    }

    @Test
    void refusesMoreThanAHundredItemsAndMoreThan256KiB() {
        String key = stack.user(user, 1000);
        assertThat(mint(key, false, items(101)).json().get("field").asString()).isEqualTo("items");

        Answer large = mint(key, false, item("a".repeat(1000), "avatars"), "\"" + "x".repeat(262_144) + "\"");

        assertThat(large.status()).isEqualTo(413);
        assertThat(large.json().get("limit").asInt()).isEqualTo(262_144);
    }

    @Test
    void asksTheDatabaseForEachBucketWhileRedisIsAway() {
        String key = stack.user(user, 10);
        stack.grant(user, "batch-photos");
        assertThat(stack.sign(key, "known.png").status()).isEqualTo(200);
        awaitCurrent(1);
        stack.redis().kill();
        try {
            Answer part = mint(key, true, item("a", "avatars"), item("b", "batch-foreign"), item("c", "batch-photos"));
            Answer whole = mint(key, false, item("a", "avatars"), item("b", "batch-foreign"));

            assertThat(part.status()).as(part.body()).isEqualTo(200);
            assertThat(part.json()
                            .get("items")
                            .valueStream()
                            .map(item -> item.get("success").asBoolean()))
                    .containsExactly(true, false, true);
            assertThat(whole.code()).isEqualTo("BUCKET_ACCESS_DENIED");
        } finally {
            stack.redis().restart();
        }
        await().atMost(PATIENCE)
                .until(() -> stack.health().json().path("status").asString(""), "UP"::equals);
        awaitCurrent(3);
    }

    private static Answer mint(String key, boolean partial, String... items) {
        String body = "{\"partial\":" + partial + ",\"items\":[" + String.join(",", items) + "]}";
        return stack.post(BATCH, Map.of("X-API-Key", key), body);
    }

    private static String item(String filename, String bucket) {
        return "{\"filename\":\"" + filename + "\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + bucket
                + "\"}";
    }

    private static String items(int number) {
        return IntStream.range(0, number)
                .mapToObj(i -> item("many/" + i, "avatars"))
                .collect(Collectors.joining(","));
    }

    private static void upload(String key, String filename) {
        Answer signed = stack.sign(key, filename);
        assertThat(signed.status()).as(signed.body()).isEqualTo(200);
        assertThat(put(signed.json().get("uploadUrl").asString())).isEqualTo(200);
    }

    private static int put(String url) {
        return stack.send(HttpRequest.newBuilder(URI.create(url))
                        .header("Content-Type", "image/png")
                        .PUT(BodyPublishers.ofString("pixels"))
                        .build())
                .status();
    }

    private void awaitCurrent(long expected) {
        await().atMost(PATIENCE).until(() -> stack.current(user) == expected);
    }

    /** What is counted in the end, once so much was given back. */
    private void awaitRefunded(long current, long amount) {
        await().atMost(PATIENCE)
                .until(() -> stack.database()
                                .number(
                                        "select coalesce(sum(-amount), 0) from usage_events where user_id = ? and kind = 'refund'",
                                        user)
                        == amount);
        awaitCurrent(current);
    }
}
