package dev.sluice.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import dev.sluice.journal.UsageEvent.Kind;
import dev.sluice.redis.KeySpace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What becomes of the events in a journal, on real servers. */
class JournalReplayIT {

    private static final Duration SOON = Duration.ofSeconds(60);

    private static UsageBench bench;

    @BeforeAll
    static void startServers() {
        bench = new UsageBench();
    }

    @AfterAll
    static void stopServers() {
        bench.close();
    }

    @BeforeEach
    void empty() {
        await().atMost(SOON)
                .ignoreExceptions()
                .until(() -> "PONG"
                        .equals(bench.connection.call(redis -> redis.ping()).block()));
        bench.redis.flushAll();
    }

    @AfterEach
    void heal() {
        bench.supabase.faults().clear();
    }

    @Test
    void countsARefundOnceThatComesThroughTheStreamAndTheJournalAgainAndAgain() {
        UsageEvent other = bench.charge("repeated", 2);
        UsageEvent charge = bench.charge("repeated", 5);
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            await().atMost(SOON).until(() -> bench.current("repeated") == 7);
            for (int i = 0; i < 3; i++) {
                one.admission.refund(charge, SOON).block();
                one.journal.append(List.of(charge.refund(Instant.now()))).block();
            }
            one.replay.start();
            one.admission.refund(charge, SOON).block();

            awaitDrained(one);
            assertThat(bench.current("repeated")).isEqualTo(2);
            assertThat(bench.database.number(
                            "select count(*) from usage_events where kind = 'refund' and user_id = ?", "repeated"))
                    .isEqualTo(1);
            one.admission.refund(other, SOON).block();
            awaitDrained(one);
            assertThat(bench.current("repeated")).isZero();
        }
    }

    @Test
    void countsNothingForAChargeOfWhichTheRefundIsReplayedFirst() {
        UsageEvent late = event("overtaken", 3, Instant.now());
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            one.journal.append(List.of(late.refund(Instant.now()), late)).block();
            one.replay.start();

            awaitDrained(one);
            assertThat(bench.current("overtaken")).isZero();
        }
    }

    @Test
    void leavesEventsWhereTheyAreUntilTheDatabaseAnswersAndThenEmptiesItself() {
        List<UsageEvent> charges = IntStream.range(0, 250)
                .mapToObj(i -> event("waiting", 1, Instant.now()))
                .toList();
        try (WorkerInstance one = WorkerInstance.of(bench)) {
            bench.redis.kill();
            try {
                await().atMost(SOON).until(() -> !bench.connection.isConnected());
                bench.supabase.faults().status("rest.rpc", 503, "{}");
                one.journal.append(charges).block();
                one.replay.start();
                long before = bench.supabase.calls("rest.rpc.apply_usage");
                await().atMost(SOON).until(() -> bench.supabase.calls("rest.rpc.apply_usage") >= before + 2);
                assertThat(one.journal.waiting()).isEqualTo(250);
                assertThat(one.overflow)
                        .as("a failed attempt adds nothing anywhere")
                        .isEmpty();

                bench.supabase.faults().clear();
                awaitDrained(one);
                assertThat(bench.current("waiting")).isEqualTo(250);
                assertThat(one.journal.bytes()).isZero();
            } finally {
                bench.redis.restart();
            }
        }
    }

    @Test
    void setsAsideWhatTheDatabaseRefusesAndGoesOnWithTheRest() throws Exception {
        List<UsageEvent> charges = new ArrayList<>();
        IntStream.range(0, 20).forEach(i -> charges.add(event("honest", 1, Instant.now())));
        UsageEvent old = event("honest", 1, Instant.now().minus(Duration.ofDays(90)));
        charges.add(13, old);
        try (WorkerInstance one = WorkerInstance.of(bench)) {
            bench.redis.kill();
            try {
                await().atMost(SOON).until(() -> !bench.connection.isConnected());
                one.journal.append(charges).block();
                one.replay.start();

                awaitDrained(one);
                assertThat(bench.current("honest")).isEqualTo(20);
                assertThat(Files.readAllLines(Path.of("target", "journal", one.id, "refused.ndjson")))
                        .containsExactly(EventJson.complete(old));
            } finally {
                bench.redis.restart();
            }
        }
    }

    @Test
    void makesADeadLetterOfWhatTheDatabaseRefusesWhileRedisAnswers() {
        UsageEvent old = event("late", 1, Instant.now().minus(Duration.ofDays(90)));
        UsageEvent good = event("late", 1, Instant.now());
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            one.journal.append(List.of(old, good)).block();
            one.replay.start();

            awaitDrained(one);
            assertThat(bench.current("late")).isEqualTo(1);
            assertThat(one.deadLetters.counts().block()).isEqualTo(Map.of(KeySpace.partition("late"), 1L));
        }
    }

    @Test
    void waitsLongerAfterEachFailureUpToFifteenSeconds() {
        assertThat(IntStream.of(1, 2, 3, 4, 5, 6, 100).mapToLong(JournalReplay::pauseNanos))
                .extracting(nanos -> Duration.ofNanos(nanos).toSeconds())
                .containsExactly(1L, 2L, 4L, 8L, 15L, 15L, 15L);
    }

    private static void awaitDrained(WorkerInstance one) {
        await().atMost(SOON).until(() -> one.journal.waiting() == 0);
        await().atMost(SOON).ignoreExceptions().until(() -> !bench.connection.isConnected() || bench.waiting() == 0);
    }

    private static UsageEvent event(String user, long amount, Instant minted) {
        return new UsageEvent(
                UsageBench.idAt(minted).toString(),
                Kind.CHARGE,
                user,
                null,
                "signed-url",
                "supabase",
                amount,
                0,
                null,
                null,
                null,
                minted);
    }
}
