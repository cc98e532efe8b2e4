package dev.sluice.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.journal.UsageEvent;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;
import reactor.core.scheduler.Schedulers;

class UsageRecorderIT {

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
        await().ignoreExceptions()
                .until(() -> "PONG"
                        .equals(bench.connection.call(redis -> redis.ping()).block()));
        bench.redis.flushAll();
    }

    @AfterEach
    void heal() {
        bench.supabase.faults().clear();
    }

    @Test
    void countsEachOutcomeInTheMetrics() {
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            one.recorder.start();
            Flux.range(0, 200)
                    .flatMap(i -> one.recorder
                            .outcome(bench.outcome("metrics", i % 4 != 0))
                            .subscribeOn(Schedulers.boundedElastic()))
                    .blockLast();

            await().untilAsserted(() -> assertThat(bench.requests("metrics")).isEqualTo(200));
            assertThat(bench.database.number(
                            "select sum(failures) from public.request_metrics where user_id = ?", "metrics"))
                    .isEqualTo(50);
        }
    }

    @Test
    void losesNothingWhenManyThreadsEmitAndTheSinkIsSmall() {
        List<UsageEvent> outcomes = IntStream.range(0, 1000)
                .mapToObj(i -> bench.outcome("many-threads", true))
                .toList();
        try (WorkerInstance one = new WorkerInstance(bench, WorkerInstance.properties(10), Duration.ofSeconds(30), 4)) {
            one.recorder.start();
            Flux.fromIterable(outcomes)
                    .flatMap(outcome -> one.recorder.outcome(outcome).subscribeOn(Schedulers.boundedElastic()), 64)
                    .blockLast();
            one.stopRecorder();

            long inDatabase = bench.database.number("select count(*) from usage_events where user_id = 'many-threads'");
            assertThat(bench.waiting() + inDatabase)
                    .as("each is in the stream, or in the database where the stream gave no answer, or in both")
                    .isGreaterThanOrEqualTo(1000);
            assertThat(one.overflow).isEmpty();
        }
    }

    @Test
    void makesTheCallerWaitOnlyWhenTheSinkIsFull() {
        try (WorkerInstance one = new WorkerInstance(bench, WorkerInstance.properties(1), Duration.ofSeconds(30), 2)) {
            one.recorder.start();
            bench.redis.freeze();
            List<CompletableFuture<Void>> calls;
            try {
                calls = IntStream.range(0, 20)
                        .mapToObj(i -> one.recorder
                                .outcome(bench.outcome("full", true))
                                .toFuture())
                        .toList();
                assertThat(calls.get(0)).isCompleted();
                assertThat(calls.get(19)).isNotDone();
                await().untilAsserted(() -> assertThat(calls).allMatch(CompletableFuture::isDone));
            } finally {
                bench.redis.thaw();
            }
            one.stopRecorder();
            one.started();
            await().untilAsserted(() -> {
                assertThat(bench.waiting()).isZero();
                assertThat(bench.requests("full")).isEqualTo(20);
            });
            assertThat(one.overflow).isEmpty();
        }
    }

    @Test
    void writesStraightToTheDatabaseWithoutRedisAndToTheLastResortWithoutBoth() {
        try (WorkerInstance one = WorkerInstance.of(bench)) {
            UsageEvent charge = bench.charge("no-redis", 5);
            one.database.apply(List.of(charge)).block();
            one.recorder.start();
            bench.redis.kill();
            try {
                await().until(() -> !bench.connection.isConnected());
                one.writer.write(List.of(charge.refund(Instant.now()))).block();
                assertThat(bench.current("no-redis")).isZero();

                one.recorder.outcome(bench.outcome("no-redis", true)).block();
                await().untilAsserted(
                                () -> assertThat(bench.requests("no-redis")).isEqualTo(1));

                bench.supabase.faults().refuse("rest");
                UsageEvent lost = bench.outcome("no-redis", false);
                one.recorder.outcome(lost).block();
                one.stopRecorder();
                assertThat(one.overflow).extracting(UsageEvent::id).containsExactly(lost.id());
            } finally {
                bench.redis.restart();
            }
        }
    }

    @Test
    void passesOverTheStreamWhileItIsPastItsBacklog() {
        UsageProperties properties = new UsageProperties(100, Duration.ofMillis(20), 2, Duration.ofDays(35));
        bench.charges("past-backlog", 2);
        try (WorkerInstance one = new WorkerInstance(bench, properties, Duration.ofSeconds(30), 10)) {
            one.backlog.sample().block();
            one.writer.write(List.of(bench.outcome("past-backlog", true))).block();

            assertThat(bench.requests("past-backlog")).isEqualTo(1);
            assertThat(bench.waiting()).isEqualTo(2);
        }
    }

    @Test
    void carriesARefundOutAfterItsRequestIsGone() {
        UsageEvent charge = bench.charge("cancelled", 2);
        try (WorkerInstance one = WorkerInstance.of(bench)) {
            bench.redis.freeze();
            try {
                one.admission.refund(charge, Duration.ofSeconds(60)).subscribe().dispose();
            } finally {
                bench.redis.thaw();
            }
            await().untilAsserted(() -> assertThat(bench.waiting()).isEqualTo(2));
        }
    }

    @Test
    void isNotStoppedBeforeARefundIsSafe() {
        UsageEvent charge = bench.charge("cut-off", 2);
        try (WorkerInstance one = WorkerInstance.of(bench)) {
            one.recorder.start();
            bench.redis.freeze();
            try {
                one.admission.refund(charge, Duration.ofMillis(500)).subscribe().dispose();
                one.stopRecorder();
            } finally {
                bench.redis.thaw();
            }
            assertThat(one.journal.waiting()).isEqualTo(1);
        }
    }

    @Test
    void writesWhatWaitsWhenItStopsAndStartsAgain() {
        UsageProperties slow = new UsageProperties(100, Duration.ofSeconds(10), 1_000_000, Duration.ofDays(35));
        try (WorkerInstance one = new WorkerInstance(bench, slow, Duration.ofSeconds(30), 100)) {
            one.recorder.start();
            one.recorder.outcome(bench.outcome("stopping", true)).block();
            one.stopRecorder();
            assertThat(bench.waiting()).isEqualTo(1);

            one.recorder.outcome(bench.outcome("stopping", true)).block();
            assertThat(bench.waiting()).isEqualTo(2);

            one.recorder.start();
            one.recorder.outcome(bench.outcome("stopping", true)).block();
            one.stopRecorder();
            assertThat(bench.waiting()).isEqualTo(3);
        }
    }
}
