package dev.sluice.storage;

import static dev.sluice.storage.DropIn.BUCKET;
import static dev.sluice.storage.DropIn.user;
import static dev.sluice.storage.Tus.PATH;
import static dev.sluice.storage.Tus.begin;
import static dev.sluice.storage.Tus.beginWith;
import static dev.sluice.storage.Tus.call;
import static dev.sluice.storage.Tus.metadata;
import static dev.sluice.storage.Tus.part;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.DepartingClient;
import dev.sluice.testkit.Stack.Answer;
import dev.sluice.testkit.supabase.LocalSupabase;
import io.lettuce.core.Range;
import io.lettuce.core.api.sync.RedisCommands;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a resumable upload takes until it ends: bytes of the quota, given back once at most, and room in flight. */
class ReservationsIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int PATIENT = 60_000;

    private static DropIn edge;
    private static LocalSupabase supabase;
    private static RedisCommands<String, String> redis;

    private final String alice = user();
    private final String token = DropIn.shared().token(alice);

    @BeforeAll
    static void start() {
        edge = DropIn.shared();
        supabase = edge.stack().supabase();
        redis = edge.stack().redis().client();
    }

    @BeforeEach
    void forget() {
        supabase.forgetCalls();
    }

    @AfterEach
    void nothingIsLeft() {
        supabase.faults().clear();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(redis.keys("*:inflight:*")).isEmpty());
    }

    // Given up.

    @Test
    void givesBackWhatHadNotComeBeforeItSaysThatAnUploadIsGone() {
        String location = begin(token, alice + "/gone", 10).header("Location");
        part(token, location, 0, "hello");
        String kept = requireNonNull(kept());

        Answer gone = call("DELETE", location, token, null);

        assertThat(gone.status()).as(gone.body()).isEqualTo(204);
        assertThat(isRefundDurable()).isTrue();
        assertThat(kept()).isNull();
        assertThat(redis.exists(KeySpace.resumable(location.substring(location.lastIndexOf('/') + 1))))
                .isZero();
        assertThat(call("HEAD", location, token, null).status()).isEqualTo(404);
        awaitCharged(1, 5);

        // As if it had expired in the same moment: the charge has one refund.
        double released = count("released");
        expire(kept);
        await().atMost(SOON).until(() -> count("released") > released && kept() == null);
        awaitCharged(1, 5);
        assertThat(refunds()).isEqualTo(1);
    }

    @Test
    void givesNothingBackForAnUploadThatItsOwnerMayNotGiveUp() {
        String location = begin(token, alice + "/mine", 10).header("Location");

        assertThat(call("DELETE", location, edge.token(user()), null).status()).isEqualTo(403);
        assertThat(kept()).isNotNull();
        part(token, location, 0, "helloworld");
        assertThat(call("DELETE", location, token, null, "x-upsert", "true").status())
                .isEqualTo(400);

        awaitCharged(1, 10);
        assertThat(refunds()).isZero();
    }

    // Left alone.

    @Test
    void givesBackAnUploadThatIsLeftAloneAndLetsNobodyFinishIt() {
        String location = begin(token, alice + "/left", 10).header("Location");
        part(token, location, 0, "hello");
        awaitCharged(1, 10);

        expire(requireNonNull(kept()));

        awaitCharged(1, 0);
        assertThat(part(token, location, 5, "world").status()).isEqualTo(404);
        assertThat(supabase.storedObject(BUCKET, alice + "/left")).isNull();
    }

    @Test
    void takesNoOlderObjectForAnUploadThatStorageHasForgotten() {
        assertThat(edge.call("POST", "/storage/v1/object/" + BUCKET + "/" + alice + "/old", token, "old")
                        .status())
                .isEqualTo(200);
        makeOld("/old");
        String location =
                beginWith(token, alice + "/old", 10, null, "x-upsert", "true").header("Location");
        atStorage("DELETE", location);
        awaitCharged(2, 13);

        expire(requireNonNull(kept()));

        awaitCharged(2, 3);
        assertThat(requireNonNull(supabase.storedObject(BUCKET, alice + "/old")).bytes())
                .asString()
                .isEqualTo("old");
    }

    @Test
    void neverGivesBackWhatIsStored() {
        String location = begin(token, alice + "/stored", 10).header("Location");
        part(token, location, 0, "hello");
        String kept = requireNonNull(kept());
        part(token, location, 5, "world");
        assertThat(kept()).as("nobody waits for it any more").isNull();

        double used = count("used");
        expire(kept);
        await().atMost(SOON).until(() -> count("used") > used && kept() == null);

        // Nor if storage has forgotten the upload, and its clock is far behind.
        makeOld("/stored");
        supabase.faults().status("storage.tus.delete", 404, "").times("storage.tus.delete", 1);
        expire(kept);
        await().atMost(SOON).until(() -> count("used") > used + 1 && kept() == null);

        awaitCharged(1, 10);
        assertThat(refunds()).isZero();
    }

    @Test
    void endsAnUploadWhoseLastPartIsOnItsWayBeforeItIsGivenBack() throws IOException {
        String location = begin(token, alice + "/late", 10).header("Location");
        String kept = requireNonNull(kept());
        try (DepartingClient last = beginPart(location, 10)) {
            expire(kept);
            awaitCharged(1, 0);
            last.send("23456789a");
            assertThat(last.answer(PATIENT).is(204)).isFalse();
        }
        assertThat(supabase.storedObject(BUCKET, alice + "/late")).isNull();
    }

    @Test
    void waitsWhileStorageDoesNotSay() {
        begin(token, alice + "/unclear", 10);
        supabase.faults().status("storage.tus.delete", 503, "");
        double retried = count("retried");
        awaitCharged(1, 10);
        String kept = requireNonNull(kept());

        expire(kept);

        await().atMost(SOON).until(() -> count("retried") > retried);
        assertThat(kept()).isEqualTo(kept);
        supabase.faults().clear();
        expire(kept);
        awaitCharged(1, 0);
    }

    @Test
    void givesBackAnUploadWhoseClientWasNeverToldItsAddress() throws IOException {
        supabase.faults().withholdAnswer("storage.tus.create");
        DepartingClient client = DepartingClient.connect(edge.stack().edge().port())
                .send("POST " + PATH + " HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer " + token
                        + "\r\nTus-Resumable: 1.0.0\r\nUpload-Length: 10\r\nUpload-Metadata: "
                        + metadata(alice + "/lost") + "\r\nContent-Length: 0\r\n\r\n");
        await().atMost(SOON).until(() -> supabase.calls("storage.tus.create") == 1);
        client.reset();
        await().atMost(SOON).until(() -> kept() != null);
        awaitCharged(1, 10);

        expire(requireNonNull(kept()));

        awaitCharged(1, 0);
    }

    // In flight.

    @Test
    void letsSoManyPartsOfOneUserBeInFlight() throws IOException {
        String third = begin(token, alice + "/3", 5).header("Location");
        try (DepartingClient one = beginPart(begin(token, alice + "/1", 10).header("Location"), 10);
                DepartingClient two = beginPart(begin(token, alice + "/2", 10).header("Location"), 10)) {
            Answer refused = part(token, third, 0, "hello");
            assertThat(refused.status()).as(refused.body()).isEqualTo(429);
            assertThat(refused.body()).contains("TOO_MANY_IN_FLIGHT");
            assertThat(call("HEAD", third, token, null).status()).isEqualTo(200);
            String fourth = begin(token, alice + "/4", DropIn.MAX_IN_FLIGHT + 1).header("Location");
            assertThat(call("DELETE", fourth, token, null).status()).isEqualTo(204);

            two.reset();
            await().atMost(SOON).until(() -> part(token, third, 0, "hello").status(), status -> status == 204);
            one.send("23456789a");
            await().atMost(SOON).until(() -> supabase.storedObject(BUCKET, alice + "/1") != null);
        }
    }

    @Test
    void letsSoManyBytesOfOneUserBeInFlight() throws IOException {
        int most = (int) DropIn.MAX_IN_FLIGHT;
        String large = begin(token, alice + "/large", most).header("Location");
        String small = begin(token, alice + "/small", 5).header("Location");
        try (DepartingClient client = beginPart(large, most - 4)) {
            Answer refused = part(token, small, 0, "hello");
            assertThat(refused.status()).as(refused.body()).isEqualTo(429);
            assertThat(part(token, small, 0, "hell").status()).isEqualTo(204);
            client.reset();
        }
        await().atMost(SOON).until(() -> part(token, small, 4, "o").status(), status -> status == 204);
    }

    /** A part whose first byte has come to storage. */
    private DepartingClient beginPart(String location, int length) throws IOException {
        long calls = supabase.calls("storage.tus.patch");
        DepartingClient client = DepartingClient.connect(edge.stack().edge().port())
                .send("PATCH " + location.substring(location.indexOf(PATH)) + " HTTP/1.1\r\nHost: h\r\nAuthorization: "
                        + "Bearer " + token + "\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
                        + "Content-Type: application/offset+octet-stream\r\nContent-Length: " + length + "\r\n\r\n1");
        await().atMost(SOON).until(() -> supabase.calls("storage.tus.patch") > calls);
        return client;
    }

    /** What is waited for of this user, as Redis keeps it; null if nothing is. */
    private @Nullable String kept() {
        return redis.zrange(pending(), 0, -1).stream()
                .filter(text -> text.contains(alice))
                .findFirst()
                .orElse(null);
    }

    private void expire(String kept) {
        redis.zadd(pending(), 1, kept);
    }

    private String pending() {
        return KeySpace.pendingUploads(KeySpace.partition(alice));
    }

    /** In the stream, until the database has it. */
    private boolean isRefundDurable() {
        boolean isInStream = redis.xrange(KeySpace.usage(KeySpace.partition(alice)), Range.unbounded()).stream()
                .map(entry -> entry.getBody().toString())
                .anyMatch(text -> text.contains(alice) && text.contains("\"refund\""));
        return isInStream || refunds() == 1;
    }

    private long refunds() {
        return edge.stack()
                .database()
                .number("select count(*) from usage_events where user_id = ? and kind = 'refund'", alice);
    }

    private void makeOld(String name) {
        edge.stack()
                .database()
                .update(
                        "update storage.objects set updated_at = now() - interval '1 hour' where name = ?",
                        alice + name);
    }

    /** A request past the edge. */
    private static void atStorage(String method, String location) {
        Answer answer = edge.stack()
                .send(HttpRequest.newBuilder(URI.create(supabase.url() + location.substring(location.indexOf(PATH))))
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .header("Authorization", "Bearer " + supabase.serviceKey())
                        .header("Tus-Resumable", "1.0.0")
                        .header("x-upsert", "true")
                        .build());
        assertThat(answer.status()).as(answer.body()).isEqualTo(204);
    }

    /** How many uploads that expired had this outcome, of all users. */
    private static double count(String outcome) {
        Counter counter = edge.stack()
                .edge()
                .bean(MeterRegistry.class)
                .find("sluice.upload.release")
                .tag("outcome", outcome)
                .counter();
        return counter == null ? 0 : counter.count();
    }

    private void awaitCharged(long requests, long bytes) {
        String stream = KeySpace.usage(KeySpace.partition(alice));
        await().atMost(SOON).untilAsserted(() -> {
            assertThat(redis.xlen(stream)).as("events that are not applied").isZero();
            assertThat(edge.charged(alice)).isEqualTo(requests);
            assertThat(edge.chargedBytes(alice)).isEqualTo(bytes);
        });
    }
}
