package dev.sluice;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.uuid.Generators;
import dev.sluice.journal.Batch;
import dev.sluice.journal.Journal;
import dev.sluice.journal.UsageEvent;
import dev.sluice.journal.UsageEvent.Kind;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Edge;
import dev.sluice.testkit.Stack;
import dev.sluice.testkit.Stack.Answer;
import dev.sluice.usage.UsageBacklog;
import io.lettuce.core.Range;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.springframework.test.web.reactive.server.WebTestClient;

/** Nothing that a client was answered is lost: it is in the stream, in the database or on disk before the answer. */
class JournalIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static Stack stack;

    @BeforeAll
    static void startAll() {
        stack = Stack.start(
                "sluice.redis.timeout", "1s",
                "sluice.supabase.timeout", "5s",
                "sluice.operations.signed-url.memory", "1000/1m",
                "sluice.operations.signed-url.redis", "1000/1m");
    }

    @AfterAll
    static void stopAll() {
        stack.close();
    }

    @AfterEach
    void everythingIsBack() {
        stack.supabase().faults().clear();
        stack.redis().thaw();
        await().atMost(SOON)
                .untilAsserted(
                        () -> assertThat(stack.health().json().path("status").asString())
                                .isEqualTo("UP"));
        String probe = stack.user("probe-" + System.nanoTime(), 100);
        await().atMost(SOON).until(() -> stack.sign(probe, "probe.png").status(), status -> status == 200);
    }

    @Test
    void hasAChargeOnDiskBeforeTheAnswerWhileBothStoresAreAwayAndAppliesItWhenTheyAreBack() {
        String key = stack.user("both-away", 10);
        assertThat(stack.sign(key, "0.png").status()).isEqualTo(200);
        awaitCurrent("both-away", 1);

        bothAway();
        for (int i = 1; i <= 3; i++) {
            Answer answer = stack.sign(key, i + ".png");
            assertThat(answer.status()).as(answer.body()).isEqualTo(200);
            assertThat(inJournal("both-away", Kind.CHARGE)).isEqualTo(i);
        }
        Answer health = stack.health();
        assertThat(health.status()).isEqualTo(200);
        assertThat(health.json().at("/components/journal/status").asString()).isEqualTo("DEGRADED");
        assertThat(health.json().at("/components/journal/details/events").asLong())
                .isGreaterThanOrEqualTo(3);
        stack.redis().thaw();
        stack.supabase().faults().clear();

        awaitCurrent("both-away", 4);
        await().atMost(SOON).until(() -> journal().waiting() == 0);
        assertThat(stack.health().json().at("/components/journal/status").asString())
                .isEqualTo("UP");
    }

    @Test
    void replaysWhatAnotherProcessLeftInItsDirectory() {
        String directory = "target/journal/" + UUID.randomUUID();
        String key = stack.user("restarted", 10);
        try (Edge first = edge("sluice.journal.directory", directory)) {
            sign(first, key).expectStatus().isOk();
            awaitCurrent("restarted", 1);
            await().atMost(SOON).until(() -> outcomesOf("restarted") == 1);
            bothAway();
            sign(first, key).expectStatus().isOk();
            sign(first, key).expectStatus().isOk();
        }
        assertThat(stack.current("restarted")).isLessThan(3);
        stack.redis().thaw();
        stack.supabase().faults().clear();

        try (Edge second = edge("sluice.journal.directory", directory)) {
            awaitCurrent("restarted", 3);
            await().atMost(SOON).until(() -> outcomesOf("restarted") == 3);
            await().atMost(SOON).until(() -> second.bean(Journal.class).waiting() == 0);
        }
    }

    @Test
    void keepsAChargeOnDiskWhileTooMuchWaitsInRedisAndTheDatabaseFails() {
        String key = stack.user("backlog", 10);
        try (Edge edge = edge("sluice.usage.max-backlog", "1")) {
            sign(edge, key).expectStatus().isOk();
            awaitCurrent("backlog", 1);
            stack.supabase().faults().status("rest.rpc.apply_usage", 500, "{}");
            sign(edge, key).expectStatus().isOk();
            await().atMost(SOON).until(() -> edge.bean(UsageBacklog.class).isFull());

            sign(edge, key).expectStatus().isOk();

            assertThat(inJournal(edge, "backlog", Kind.CHARGE)).isPositive();
            stack.supabase().faults().clear();
            awaitCurrent("backlog", 3);
            await().atMost(SOON).until(() -> edge.bean(Journal.class).waiting() == 0);
        }
    }

    @Test
    void refusesBeforeTheOperationWhatAFullJournalWouldHaveToKeep() {
        String key = stack.user("no-room", 10);
        try (Edge edge = edge("sluice.journal.max-size", "1MB", "sluice.journal.on-full", "refuse")) {
            sign(edge, key).expectStatus().isOk();
            awaitCurrent("no-room", 1);
            bothAway();
            Journal journal = edge.bean(Journal.class);
            while (journal.state() != Journal.State.FULL) {
                journal.append(outcomes("no-room", 10)).block(SOON);
            }
            long before = stack.supabase().calls("storage.sign-upload");

            sign(edge, key)
                    .expectStatus()
                    .isEqualTo(503)
                    .expectHeader()
                    .exists("Retry-After")
                    .expectBody()
                    .jsonPath("$.code")
                    .isEqualTo("ACCESS_CHECK_UNAVAILABLE");

            assertThat(stack.supabase().calls("storage.sign-upload")).isEqualTo(before);
            stack.redis().thaw();
            stack.supabase().faults().clear();
            await().atMost(SOON).until(() -> journal.waiting() == 0);
            await().atMost(SOON)
                    .untilAsserted(() -> sign(edge, key).expectStatus().isOk());
        }
    }

    @Test
    void hasARefundInTheStreamBeforeTheErrorIsAnswered() {
        String key = stack.user("unsigned", 10);
        assertThat(stack.sign(key, "0.png").status()).isEqualTo(200);

        stack.supabase().faults().status("storage", 500, "{}");
        assertThat(stack.sign(key, "1.png").status()).isEqualTo(502);
        assertThat(refunds("unsigned")).isEqualTo(1);
        HttpRequest upload = HttpRequest.newBuilder(URI.create(stack.edge().url() + "/v1/upload/avatars/a.txt"))
                .header("X-API-Key", key)
                .header("Content-Type", "text/plain")
                .PUT(BodyPublishers.ofString("bytes"))
                .build();
        assertThat(stack.send(upload).status()).isEqualTo(502);
        assertThat(refunds("unsigned")).as("also of an answer that is proxied").isEqualTo(2);

        awaitCurrent("unsigned", 1);
        stack.supabase().faults().clear();
        assertThat(stack.send(upload).status()).isEqualTo(200);
        awaitCurrent("unsigned", 2);
    }

    @Test
    void hasARefundOnDiskBeforeTheErrorIsAnsweredWhileRedisIsFrozen() {
        String key = stack.user("frozen-refund", 10);
        assertThat(stack.sign(key, "0.png").status()).isEqualTo(200);
        awaitCurrent("frozen-refund", 1);

        bothAway();
        stack.supabase().faults().status("storage", 500, "{}");
        assertThat(stack.sign(key, "1.png").status()).isEqualTo(502);
        assertThat(inJournal("frozen-refund", Kind.CHARGE)).isEqualTo(1);
        assertThat(inJournal("frozen-refund", Kind.REFUND))
                .as("of this charge, and of the one that Redis may have made before")
                .isEqualTo(2);
        stack.redis().thaw();
        stack.supabase().faults().clear();

        await().atMost(SOON).until(() -> journal().waiting() == 0);
        await().atMost(SOON)
                .until(() -> stack.database()
                                .number(
                                        "select count(*) from usage_events where kind = 'refund' and user_id = 'frozen-refund'")
                        == 2);
        awaitCurrent("frozen-refund", 1);
    }

    private static void bothAway() {
        stack.redis().freeze();
        stack.supabase().faults().status("rest.rpc", 500, "{}");
    }

    private static Journal journal() {
        return stack.edge().bean(Journal.class);
    }

    private static long inJournal(String user, Kind kind) {
        return inJournal(stack.edge(), user, kind);
    }

    private static long inJournal(Edge edge, String user, Kind kind) {
        Batch batch = edge.bean(Journal.class).oldest(1000).block(SOON);
        return batch == null
                ? 0
                : batch.events().stream()
                        .filter(event -> event.userId().equals(user) && event.kind() == kind)
                        .count();
    }

    /** Refunds in the stream and in the database; what is settled between the two looks counts once or twice. */
    private static long refunds(String user) {
        List<String> waiting =
                stack.redis().client().xrange(KeySpace.usage(KeySpace.partition(user)), Range.unbounded()).stream()
                        .map(message -> message.getBody().getOrDefault("id", ""))
                        .filter(id -> id.endsWith(":r"))
                        .map(id -> id.substring(0, id.length() - 2))
                        .toList();
        return stack.database()
                .number(
                        "select count(*) from (select id::text from usage_events where kind = 'refund' and user_id = ?"
                                + " union select unnest(string_to_array(?, ','))) known",
                        user,
                        String.join(",", waiting));
    }

    private static long outcomesOf(String user) {
        return stack.database()
                .number("select coalesce(sum(requests), 0) from request_metrics where user_id = ?", user);
    }

    private static void awaitCurrent(String user, long expected) {
        await().atMost(SOON).untilAsserted(() -> assertThat(stack.current(user)).isEqualTo(expected));
    }

    private static Edge edge(String... settings) {
        String[] all = IntStream.range(0, settings.length + 2)
                .mapToObj(i -> i < settings.length ? settings[i] : i == settings.length ? "sluice.redis.timeout" : "1s")
                .toArray(String[]::new);
        return Edge.start(stack.redis(), stack.supabase(), all);
    }

    private static List<UsageEvent> outcomes(String user, int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new UsageEvent(
                        Generators.timeBasedEpochGenerator().generate().toString(),
                        Kind.OUTCOME,
                        user,
                        null,
                        "signed-url",
                        "supabase",
                        0,
                        0,
                        true,
                        null,
                        null,
                        Instant.now()))
                .toList();
    }

    private static WebTestClient.ResponseSpec sign(Edge edge, String key) {
        return edge.client()
                .post()
                .uri("/v1/supabase/signed-url")
                .header("X-API-Key", key)
                .header("Content-Type", "application/json")
                .bodyValue("{\"filename\":\"a-" + System.nanoTime()
                        + ".png\",\"contentType\":\"image/png\",\"supabaseBucket\":\"" + Stack.BUCKET + "\"}")
                .exchange();
    }
}
