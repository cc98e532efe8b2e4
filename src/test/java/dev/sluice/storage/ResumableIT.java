package dev.sluice.storage;

import static dev.sluice.storage.DropIn.BUCKET;
import static dev.sluice.storage.DropIn.ORIGIN;
import static dev.sluice.storage.DropIn.user;
import static dev.sluice.storage.Tus.PATH;
import static dev.sluice.storage.Tus.begin;
import static dev.sluice.storage.Tus.beginWith;
import static dev.sluice.storage.Tus.call;
import static dev.sluice.storage.Tus.id;
import static dev.sluice.storage.Tus.metadata;
import static dev.sluice.storage.Tus.part;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.testkit.ByteClient;
import dev.sluice.testkit.Stack.Answer;
import dev.sluice.testkit.supabase.StoredObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Resumable uploads (tus 1.0.0) through the edge: charged when they begin, metered as they come, held to what they said. */
class ResumableIT {

    private static final Duration SETTLED = Duration.ofSeconds(60);

    private static DropIn edge;

    @BeforeAll
    static void start() {
        edge = DropIn.shared();
    }

    @BeforeEach
    void forget() {
        edge.stack().supabase().forgetCalls();
    }

    @Test
    void chargesAnUploadOnceThoughItsPartsRepeat() {
        String alice = user();
        String token = edge.token(alice);

        Answer begun = beginWith(token, alice + "/a b.bin", 10, null, "Origin", ORIGIN);
        assertThat(begun.status()).as(begun.body()).isEqualTo(201);
        String location = begun.header("Location");
        assertThat(location).startsWith(edge.stack().edge().url() + PATH + "/");
        assertThat(begun.response().headers().allValues("Access-Control-Allow-Origin"))
                .containsExactly(ORIGIN);
        assertThat(begun.response().headers().allValues("Access-Control-Expose-Headers"))
                .singleElement()
                .asString()
                .contains("Location", "Upload-Offset", "RateLimit");

        assertThat(part(token, location, 0, "hello").header("Upload-Offset")).isEqualTo("5");
        assertThat(part(token, location, 0, "hello").status()).isEqualTo(409);
        assertThat(call("HEAD", location, token, null).header("Upload-Offset")).isEqualTo("5");
        Answer last = part(token, location, 5, "world");

        assertThat(last.status()).as(last.body()).isEqualTo(204);
        StoredObject object = Objects.requireNonNull(edge.stack().supabase().storedObject(BUCKET, alice + "/a b.bin"));
        assertThat(object.bytes()).asString().isEqualTo("helloworld");
        assertThat(object.owner()).isEqualTo(alice);
        awaitCharged(alice, 1, 10);
        assertThat(edge.stack().supabase().calls("storage.tus.patch")).isEqualTo(2);
    }

    @Test
    void takesABeginningWithTheUploadItself() {
        String alice = user();
        String token = edge.token(alice);

        Answer begun =
                beginWith(token, alice + "/begun", 10, "hello", "Content-Type", "application/offset+octet-stream");

        assertThat(begun.status()).as(begun.body()).isEqualTo(201);
        assertThat(part(token, begun.header("Location"), 5, "world").status()).isEqualTo(204);
        awaitCharged(alice, 1, 10);
    }

    @Test
    void chargesTheOwnerOfATokenWhoeverUploadsWithIt() {
        String alice = user();
        String signature = edge.stack()
                .supabase()
                .tokens()
                .hs256(Map.of(
                        "owner",
                        alice,
                        "url",
                        BUCKET + "/" + alice + "/s",
                        "upsert",
                        false,
                        "scope",
                        "upload",
                        "exp",
                        Instant.now().getEpochSecond() + 3600));
        String[] headers = {"Upload-Length", "3", "Upload-Metadata", metadata(alice + "/s"), "x-signature", signature};

        Answer begun = call("POST", PATH + "/sign", edge.stack().supabase().anonKey(), null, headers);
        assertThat(begun.status()).as(begun.body()).isEqualTo(201);
        String location = begun.header("Location");
        assertThat(location).startsWith(edge.stack().edge().url() + PATH + "/sign/");
        Answer stored = call(
                "PATCH",
                location,
                edge.stack().supabase().anonKey(),
                "abc",
                "Upload-Offset",
                "0",
                "Content-Type",
                "application/offset+octet-stream",
                "x-signature",
                signature);
        headers[3] = metadata(alice + "/other");
        Answer other = call("POST", PATH + "/sign", null, null, headers);

        assertThat(stored.status()).as(stored.body()).isEqualTo(204);
        assertThat(other.status()).as(other.body()).isEqualTo(400);
        awaitCharged(alice, 1, 3);
    }

    @Test
    void stopsAnUploadThatOutgrowsItsLengthBeforeItsBodyIsRead() {
        String alice = user();
        String token = edge.token(alice);
        String location = begin(token, alice + "/grows", 6).header("Location");
        part(token, location, 0, "four");

        ByteClient.Answer refused = ByteClient.exchange(
                edge.stack().edge().port(),
                "PATCH " + location.substring(location.indexOf(PATH)) + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer "
                        + token + "\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 4\r\n"
                        + "Content-Type: application/offset+octet-stream\r\nContent-Length: 3\r\n"
                        + "Expect: 100-continue\r\nConnection: close\r\n\r\n");

        assertThat(refused.status()).as(refused.text()).isEqualTo(413);
        assertThat(refused.header("Content-Type")).startsWith("text/plain");
        assertThat(refused.header("Tus-Resumable")).isEqualTo("1.0.0");
        assertThat(refused.text()).contains("2 bytes are missing").contains("PAYLOAD_TOO_LARGE");
        assertThat(edge.stack().supabase().calls("storage.tus.patch")).isEqualTo(1);
        assertThat(part(token, location, 4, "55").status()).isEqualTo(204);
        awaitCharged(alice, 1, 6);
    }

    @Test
    void refusesWhatDoesNotSayItsSizeOrIsTooLarge() {
        String token = edge.token(user());
        String[] deferred = {"Upload-Defer-Length", "1", "Upload-Metadata", metadata("x/y")};

        assertThat(call("POST", PATH, token, null, deferred).status()).isEqualTo(411);
        Answer large = begin(token, "x/y", DropIn.MAX_SIZE + 1);
        assertThat(large.status()).isEqualTo(413);
        assertThat(large.header("Upload-Limit")).isEqualTo("max-size=" + DropIn.MAX_SIZE);
        assertThat(edge.stack().supabase().calls("storage")).isZero();
    }

    @Test
    void tellsALimitAsTextWithTheRealStatus() {
        String alice = user();
        String token = edge.stack().supabase().accessToken(alice, "tiny");
        begin(token, alice + "/1", 1);

        Answer refused = begin(token, alice + "/2", 1);

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.body()).isEqualTo("Rate limit exceeded (RATE_LIMIT_REDIS)\n");
        assertThat(refused.header("Content-Type")).startsWith("text/plain");
        assertThat(refused.header("Tus-Resumable")).isEqualTo("1.0.0");
        assertThat(Integer.parseInt(refused.header("Retry-After"))).isPositive();
    }

    @Test
    void passesStoragesRefusalOnAndChargesNothing() {
        String bob = user();

        Answer refused = begin(edge.token(bob), user() + "/x", 7);

        assertThat(refused.status()).isEqualTo(403);
        assertThat(refused.body()).isEqualTo("new row violates row-level security policy");
        await().atMost(SETTLED)
                .untilAsserted(() -> assertThat(edge.stack()
                                .database()
                                .number(
                                        "select count(*) from usage_events where user_id = ? and kind = 'refund'"
                                                + " and counted_in is not null",
                                        bob))
                        .isEqualTo(1));
        assertThat(edge.charged(bob)).isZero();
        assertThat(edge.chargedBytes(bob)).isZero();
    }

    @Test
    void answersARepeatedBeginningWithItsOwnAddress() {
        String alice = user();
        String token = edge.token(alice);
        String[] once = {"Idempotency-Key", user()};
        String[] withBody = {"Idempotency-Key", user(), "Content-Type", "application/offset+octet-stream"};

        Answer begun = beginWith(token, alice + "/once", 10, null, once);
        Answer again = beginWith(token, alice + "/once", 10, null, once);
        Answer other = beginWith(token, alice + "/once", 11, null, once);
        Answer half = beginWith(token, alice + "/half", 10, "hello", withBody);
        Answer halfAgain = beginWith(token, alice + "/half", 10, "hello", withBody);

        assertThat(begun.header("Location")).startsWith(edge.stack().edge().url() + PATH + "/");
        assertThat(again.status()).as(again.body()).isEqualTo(201);
        assertThat(again.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(again.header("Location")).isEqualTo(begun.header("Location"));
        assertThat(again.header("Tus-Resumable")).isEqualTo("1.0.0");
        assertThat(other.status()).isEqualTo(422);
        assertThat(halfAgain.header("Idempotency-Replayed")).isEqualTo("true");
        assertThat(halfAgain.header("Location")).isEqualTo(half.header("Location"));
        assertThat(halfAgain.header("Upload-Offset")).isEqualTo("5");
        assertThat(part(token, halfAgain.header("Location"), 5, "world").status())
                .isEqualTo(204);
        assertThat(edge.stack().supabase().calls("storage.tus.create")).isEqualTo(2);
        awaitCharged(alice, 2, 20);
    }

    @Test
    void letsNobodyElseGoOnWithAnUpload() {
        String alice = user();
        String location = begin(edge.token(alice), alice + "/mine", 5).header("Location");

        Answer refused = part(edge.token(user()), location, 0, "hello");

        assertThat(refused.status()).as(refused.body()).isEqualTo(403);
        assertThat(call("HEAD", location, edge.token(alice), null).header("Upload-Offset"))
                .isEqualTo("0");
        Answer unknown = part(edge.token(alice), PATH + "/" + id(BUCKET + "/" + alice + "/mine/none"), 0, "hello");
        assertThat(unknown.status()).isEqualTo(404);
    }

    @Test
    void doesNotLetOneMethodStandForAnother() {
        String alice = user();
        String location = begin(edge.token(alice), alice + "/o", 5).header("Location");
        edge.stack().supabase().forgetCalls();

        Answer refused = call(
                "PATCH",
                location,
                edge.token(alice),
                "hello",
                "X-HTTP-Method-Override",
                "POST",
                "Upload-Length",
                "1000",
                "Upload-Metadata",
                metadata(alice + "/uncharged"));

        assertThat(refused.status()).isEqualTo(400);
        assertThat(edge.stack().supabase().calls("storage")).isZero();
    }

    @Test
    void tellsTheAddressThatATrustedProxyWasReachedAt() {
        String alice = user();

        Answer begun = beginWith(
                edge.token(alice),
                alice + "/p",
                1,
                null,
                "X-Forwarded-Proto",
                "https",
                "X-Forwarded-Host",
                "files.example.com");

        assertThat(begun.header("Location")).startsWith("https://files.example.com" + PATH + "/");
    }

    @Test
    void passesOnWhatStorageSupports() {
        Answer options = call("OPTIONS", PATH, null, null);

        assertThat(options.status()).isEqualTo(204);
        assertThat(options.header("Tus-Extension")).contains("creation");
        assertThat(options.header("Access-Control-Allow-Methods")).isEmpty();
    }

    private static void awaitCharged(String user, long requests, long bytes) {
        await().atMost(SETTLED).untilAsserted(() -> {
            assertThat(edge.charged(user)).isEqualTo(requests);
            assertThat(edge.chargedBytes(user)).isEqualTo(bytes);
        });
    }
}
