package dev.sluice.usage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.journal.UsageEvent;
import dev.sluice.journal.UsageEvent.Kind;
import dev.sluice.ledger.Ledger;
import dev.sluice.redis.RedisConnection;
import io.lettuce.core.AbstractRedisClient;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Mono;

/** How long a request waits for a Redis that hangs: not as long as its connection would. */
class RequestPatienceIT {

    private static final Duration OF_THE_CONNECTION = Duration.ofSeconds(120);
    private static final Duration SOON = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofMillis(100);

    private final UsageBench bench = new UsageBench();
    private final WorkerInstance one = WorkerInstance.of(bench);
    private final ScheduledExecutorService connector = new ScheduledThreadPoolExecutor(1);
    private final AbstractRedisClient client = bench.redis.newClient();
    private final RedisConnection slow = new RedisConnection(client, OF_THE_CONNECTION, call -> call, connector);
    private AdmissionUsage usage = one.admission;

    @BeforeEach
    void connect() {
        await().atMost(SOON).until(() -> slow.isConnected() && bench.connection.isConnected());
        RowTakeover rows = new RowTakeover(new Ledger(slow, bench.fences, bench.settings), bench.fences);
        EventWriter writer =
                new EventWriter(one.stream, one.backlog, one.database, events -> Mono.empty(), rows, System::nanoTime);
        usage = new AdmissionUsage(
                one.recorder, writer, new UsageStream(slow, one.id), one.journal, one.backlog, Clock.systemUTC());
    }

    @AfterEach
    void close() {
        one.close();
        slow.close();
        client.shutdown(Duration.ZERO, Duration.ofSeconds(2));
        connector.shutdownNow();
        bench.close();
    }

    @Test
    void aRefundIsOnDiskWhenRedisDoesNotTakeItInTimeAndCountsOnceWhenItDidAllTheSame() {
        UsageEvent other = bench.charge("refunded", 2);
        UsageEvent charge = bench.charge("refunded", 5);
        bench.redis.freeze();
        try {
            usage.refund(charge, PATIENCE).block(SOON);
            assertThat(one.journal.waiting()).isEqualTo(1);
            usage.refund(other, Duration.ZERO).block(SOON);
            assertThat(one.journal.waiting()).isEqualTo(2);
        } finally {
            bench.redis.thaw();
        }
        await().atMost(SOON).until(() -> bench.waiting() == 3);

        one.started();
        one.replay.start();
        await().atMost(SOON).until(() -> one.journal.waiting() == 0 && bench.waiting() == 0);
        assertThat(bench.current("refunded")).isZero();
    }

    @Test
    void aChargePastTheBacklogIsInTheDatabaseAndTheLedgerHearsOfItLater() {
        bench.charge("past-backlog", 2);
        bench.redis.freeze();
        try {
            usage.charge(charge("past-backlog"), PATIENCE).block(SOON);
            assertThat(bench.current("past-backlog")).isEqualTo(1);
        } finally {
            bench.redis.thaw();
        }
        await().atMost(SOON)
                .until(() -> Objects.requireNonNull(bench.state("past-backlog")).used() == 3);
    }

    private static UsageEvent charge(String user) {
        Instant now = Instant.now();
        String id = UsageBench.idAt(now).toString();
        return new UsageEvent(id, Kind.CHARGE, user, null, "upload", "supabase", 1, 0, null, null, null, now);
    }
}
