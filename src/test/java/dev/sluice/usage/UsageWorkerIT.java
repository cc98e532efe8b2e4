package dev.sluice.usage;

import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.journal.UsageEvent;
import dev.sluice.ledger.LedgerState;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.RedisKind;
import io.lettuce.core.Consumer;
import io.lettuce.core.Range;
import io.lettuce.core.models.stream.PendingMessages;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The worker, its streams and its dead letters on a Cluster, where the gateway is the Redis user that the docs name: all that
 * one server asks of them, and more. One server has them in the tests of the whole edge.
 */
class UsageWorkerIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static UsageBench bench;

    @BeforeAll
    static void startServers() {
        bench = new UsageBench(RedisKind.CLUSTER);
        await().until(bench.connection::isConnected);
    }

    @AfterAll
    static void stopServers() {
        List<String> refused = ((RedisCluster) bench.redis).refused();
        bench.close();
        assertThat(refused).as("rights that the docs forget").isEmpty();
    }

    @BeforeEach
    void empty() {
        bench.redis.flushAll();
        bench.supabase.forgetCalls();
    }

    @AfterEach
    void heal() {
        bench.supabase.faults().clear();
    }

    @Test
    void bringsChargesOfManyUsersToTheDatabaseAndSettlesThem() {
        List<String> users = IntStream.range(0, 10).mapToObj(i -> "many-" + i).toList();
        users.forEach(user -> bench.charges(user, 7));
        bench.supabase.forgetCalls();
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            awaitDrained();

            assertThat(users).allSatisfy(user -> assertSettled(user, 7));
            assertThat(one.count("sluice.usage.applied")).isEqualTo(70);
            assertThat(bench.supabase.calls("rest.rpc.apply_usage")).isLessThan(10);
        }
    }

    @Test
    void letsNoPartitionWaitForTheSecondBatchOfAnother() {
        Set<Integer> taken = new HashSet<>();
        List<String> users = IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> "in-turn-" + i)
                .filter(user -> taken.add(KeySpace.partition(user)))
                .limit(KeySpace.PARTITIONS)
                .toList();
        users.forEach(user -> bench.charges(user, 20));
        try (WorkerInstance one =
                new WorkerInstance(bench, WorkerInstance.properties(10), Duration.ofMinutes(1), 10).started()) {
            awaitDrained();
        }

        assertThat(bench.database.query("""
                        select user_id from (
                          select user_id from usage_events
                           where user_id like 'in-turn-%' order by applied_at limit 640
                        ) first group by user_id having count(*) = 10
                        """)).hasSize(KeySpace.PARTITIONS);
    }

    @Test
    void doesNotHaveABatchWaitForAnotherThatHangs() {
        bench.charges(inLane(0), 10);
        bench.charges(inLane(1), 10);
        bench.supabase.faults().hang("rest.rpc.apply_usage").times("rest.rpc.apply_usage", 1);
        try (WorkerInstance one =
                new WorkerInstance(bench, WorkerInstance.properties(10), Duration.ofMinutes(1), 10).started()) {
            await().until(() -> one.count("sluice.usage.applied") == 10);

            assertThat(one.count("sluice.usage.retries")).isZero();
            awaitDrained();
        }
        assertSettled(inLane(0), 10);
        assertSettled(inLane(1), 10);
    }

    @Test
    void goesOnWithOthersWhileOnesRowIsLocked() throws SQLException {
        String locked = inLane(2);
        String passes = inLane(3);
        bench.database.update("insert into user_quotas (user_id) values (?)", locked);
        bench.charges(locked, 10);
        try (Connection other = bench.database.dataSource().getConnection();
                Statement statement = other.createStatement();
                WorkerInstance one =
                        new WorkerInstance(bench, WorkerInstance.properties(100), Duration.ofSeconds(6), 10)) {
            other.setAutoCommit(false);
            statement.execute("select from user_quotas where user_id = '" + locked + "' for update");
            one.started();
            await().atMost(PATIENCE).until(() -> one.count("sluice.usage.retries") >= 1);
            double heard = heard(one);
            for (int times = 1; times <= 5; times++) {
                bench.charges(passes, 10);
                double sofar = 10.0 * times;
                await().atMost(PATIENCE).until(() -> one.count("sluice.usage.applied") == sofar);
            }

            await().atMost(PATIENCE).until(() -> heard(one) > heard);
            assertSettled(passes, 50);
            assertThat(Objects.requireNonNull(bench.state(locked)).pending()).isEqualTo(10);
            other.rollback();
            awaitDrained();
        }
        assertSettled(locked, 10);
    }

    @Test
    void goesOnWithOthersWhileOnesLedgerIsBroken() {
        String broken = inLane(0, "broken");
        String key = KeySpace.quota(broken);
        List<String> others = IntStream.range(0, UsageWorker.LANES)
                .mapToObj(lane -> inLane(lane, "whole"))
                .toList();
        bench.charges(broken, 3);
        others.forEach(user -> bench.charges(user, 3));
        bench.redis.client().del(key);
        bench.redis.client().set(key, "no ledger");
        try (WorkerInstance one =
                new WorkerInstance(bench, WorkerInstance.properties(100), Duration.ofSeconds(6), 10).started()) {
            await().atMost(PATIENCE).until(() -> bench.waiting() == 3);
            others.forEach(user -> bench.charges(user, 3));
            await().atMost(PATIENCE).until(() -> bench.waiting() == 3);
            others.forEach(user -> assertSettled(user, 6));
            assertThat(bench.current(broken)).isEqualTo(3);

            bench.redis.client().del(key);
            await().atMost(PATIENCE).until(() -> bench.waiting() == 0);
        }
        assertThat(bench.current(broken)).isEqualTo(3);
    }

    @Test
    void spreadsEachShareOfThePartitionsOverTheLanes() {
        for (int instances = 1; instances <= 16; instances++) {
            List<String> members =
                    IntStream.range(0, instances).mapToObj(i -> "i-" + i).toList();
            double fair = (double) KeySpace.PARTITIONS / instances / UsageWorker.LANES;
            assertThat(members)
                    .allSatisfy(member -> assertThat(Leases.share(members, member).stream()
                                    .collect(groupingBy(UsageWorker::lane, counting()))
                                    .values())
                            .allSatisfy(partitions ->
                                    assertThat(partitions).isLessThanOrEqualTo((long) Math.ceil(2 * fair))));
        }
    }

    @Test
    void readsAllLanesAtATime() {
        for (int instances = 1; instances <= 4; instances++) {
            List<String> members =
                    IntStream.range(0, instances).mapToObj(i -> "i-" + i).toList();
            for (String member : members) {
                List<Integer> inTurn = Leases.share(members, member).stream()
                        .sorted(Comparator.comparing(UsageWorker::turn))
                        .toList();
                assertThat(IntStream.rangeClosed(0, inTurn.size() - 16)
                                .mapToObj(first -> inTurn.subList(first, first + 16)))
                        .allSatisfy(read ->
                                assertThat(read.stream().map(UsageWorker::lane)).contains(0, 1, 2, 3));
            }
        }
    }

    @Test
    void countsOnceWhatTheDatabaseAppliedWithoutAnswering() {
        bench.charges("lost-answer", 5);
        bench.supabase.faults().dropAnswer("rest.rpc.apply_usage").times("rest.rpc.apply_usage", 1);
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            awaitDrained();

            assertSettled("lost-answer", 5);
            assertThat(one.count("sluice.usage.retries")).isPositive();
        }
    }

    @Test
    void settlesWhatADeadWorkerHadAppliedOnly() {
        bench.charges("dead-worker", 3);
        WorkerInstance dead = WorkerInstance.of(bench);
        List<Delivery> read = Objects.requireNonNull(
                dead.stream.read(KeySpace.partition("dead-worker"), 100).block());
        dead.database.apply(events(read)).block();
        assertThat(bench.current("dead-worker")).isEqualTo(3);
        assertThat(pending("dead-worker")).isEqualTo(3);

        try (WorkerInstance heir =
                new WorkerInstance(bench, WorkerInstance.properties(100), Duration.ofMillis(200), 10).started()) {
            awaitDrained();

            assertSettled("dead-worker", 3);
        }
    }

    @Test
    void countsOnceWhatTwoWorkersHoldAtTheSameTime() {
        List<String> users = IntStream.range(0, 20).mapToObj(i -> "two-" + i).toList();
        bench.supabase.faults().delay("rest.rpc.apply_usage", Duration.ofMillis(300));
        UsageProperties small = WorkerInstance.properties(10);
        try (WorkerInstance one = new WorkerInstance(bench, small, Duration.ofMillis(60), 10).started()) {
            users.forEach(user -> bench.charges(user, 3));
            try (WorkerInstance two = new WorkerInstance(bench, small, Duration.ofMillis(60), 10).started()) {
                users.forEach(user -> bench.charges(user, 2));
                awaitDrained();

                assertThat(users).allSatisfy(user -> assertSettled(user, 5));
                assertThat(one.count("sluice.usage.applied") + two.count("sluice.usage.applied"))
                        .isEqualTo(100);
            }
        }
    }

    @Test
    void countsOnceWhatIsInTheStreamTwice() {
        UsageEvent charge = bench.charge("replayed", 4);
        try (WorkerInstance one = WorkerInstance.of(bench)) {
            one.stream.add(charge).block();
            one.started();
            awaitDrained();

            assertSettled("replayed", 4);
        }
    }

    @Test
    void readsOnAfterRedisLostEverything() {
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            bench.charges("flushed", 1);
            awaitDrained();

            bench.redis.flushAll();
            bench.charges("flushed", 2);
            awaitDrained();

            assertSettled("flushed", 3);
            assertThat(one.worker.isRunning()).isTrue();
        }
    }

    @Test
    void losesNothingWhileTheDatabaseIsAway() {
        bench.charges("outage", 5);
        bench.supabase.faults().status("rest.rpc.apply_usage", 503, "{}");
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            await().untilAsserted(() ->
                    assertThat(bench.supabase.calls("rest.rpc.apply_usage")).isPositive());
            bench.charges("outage", 5);
            assertThat(bench.waiting()).isEqualTo(10);
            assertThat(pending("outage")).isEqualTo(10);

            bench.supabase.faults().clear();
            awaitDrained();

            assertSettled("outage", 10);
            assertThat(one.count("sluice.usage.retries")).isPositive();
        }
    }

    @Test
    void settlesOnceRedisAnswersAgain() {
        bench.charges("frozen", 3);
        bench.supabase.faults().delay("rest.rpc.apply_usage", Duration.ofMillis(700));
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            await().until(() -> bench.supabase.calls("rest.rpc.apply_usage") > 0);
            bench.redis.freeze();
            try {
                await().until(() -> one.count("sluice.usage.retries") > 0);
            } finally {
                bench.redis.thaw();
            }
            awaitDrained();

            assertSettled("frozen", 3);
        } finally {
            bench.supabase.forgetCalls();
        }
    }

    /** On one server: on a Cluster the partitions go unanswered one after another, this one perhaps last. */
    @Test
    void asksAgainForWhatWasGivenToItInAnAnswerThatItNeverSaw() {
        try (UsageBench single = new UsageBench();
                WorkerInstance one =
                        new WorkerInstance(single, WorkerInstance.properties(2), Duration.ofMinutes(5), 10)) {
            await().until(single.connection::isConnected);
            single.charges("unseen", 3);
            one.stream.read(KeySpace.partition("unseen"), 100).block();
            one.started();
            await().until(() -> !one.leases.owned().isEmpty());
            single.redis.freeze();
            try {
                // Each waits for the command timeout: long enough for a round of the worker to go unanswered.
                for (int i = 0; i < 3; i++) {
                    assertThat(single.connection
                                    .call(commands -> commands.ping())
                                    .onErrorComplete()
                                    .blockOptional())
                            .isEmpty();
                }
            } finally {
                single.redis.thaw();
            }

            await().atMost(Duration.ofSeconds(30)).until(() -> single.waiting() == 0);

            assertThat(single.current("unseen")).isEqualTo(3);
        }
    }

    @Test
    void stopsAtOnceWhileTheDatabaseIsAwayAndLeavesTheRestToOthers() {
        bench.charges("stopped", 2);
        bench.supabase.forgetCalls();
        bench.supabase.faults().status("rest.rpc.apply_usage", 503, "{}");
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            await().until(() -> bench.supabase.calls("rest.rpc.apply_usage") > 0);
            one.stopWorker();

            assertThat(bench.waiting()).isEqualTo(2);
            assertThat(bench.redis.client().zrange("sluice:workers", 0, -1)).doesNotContain(one.id);

            bench.supabase.faults().clear();
            try (WorkerInstance heir =
                    new WorkerInstance(bench, WorkerInstance.properties(100), Duration.ofMillis(100), 10).started()) {
                awaitDrained();
                assertSettled("stopped", 2);
                assertThat(heir.count("sluice.usage.applied")).isEqualTo(2);
            }
        }
    }

    @Test
    void startsAgainAfterAStop() {
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            one.stopWorker();
            bench.charges("restarted", 2);
            one.started();
            awaitDrained();

            assertSettled("restarted", 2);
        }
    }

    @Test
    void buriesOnlyTheRefusedEventAndReplaysIt() {
        Instant tooOld = Instant.now().minus(50, ChronoUnit.DAYS);
        IntStream.range(0, 8).forEach(i -> bench.charges("good-" + i, 2));
        UsageEvent refused = bench.charge("refused", 6, UsageBench.idAt(tooOld));
        IntStream.range(0, 8).forEach(i -> bench.charges("good-" + i, 2));
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            awaitDrained();

            IntStream.range(0, 8).forEach(i -> assertSettled("good-" + i, 4));
            int partition = KeySpace.partition("refused");
            assertThat(one.deadLetters.counts().block()).isEqualTo(Map.of(partition, 1L));
            assertThat(one.count("sluice.usage.dead_letters")).isEqualTo(1);
            assertThat(pending("refused")).isEqualTo(6);
            assertThat(bench.redis
                            .client()
                            .xrange(KeySpace.dead(partition), Range.unbounded())
                            .get(0)
                            .getBody())
                    .containsEntry("id", refused.id())
                    .hasEntrySatisfying("error", error -> assertThat(error).contains("older than the retention"));

            bench.database.execute("update sluice.settings set retention_days = 100");
            try {
                assertThat(one.deadLetters.replay().block()).isEqualTo(1);
                awaitDrained();
                assertSettled("refused", 6);
                assertThat(one.deadLetters.counts().block()).isEmpty();
            } finally {
                bench.database.execute("update sluice.settings set retention_days = 35");
            }
        }
    }

    @Test
    void buriesWhatIsNoEvent() {
        String stream = KeySpace.usage(3);
        bench.redis.client().xadd(stream, Map.of("id", "x", "inc", "", "period", "", "event", "{not json"));
        bench.redis.client().xadd(stream, Map.of("something", "else"));
        try (WorkerInstance one = WorkerInstance.of(bench).started()) {
            awaitDrained();

            assertThat(one.deadLetters.counts().block()).isEqualTo(Map.of(3, 2L));
        }
    }

    @Test
    void movesNothingInTheLedgerForARefundUntilTheDatabaseConfirmedIt() {
        UsageEvent charge = bench.charge("refunded", 3);
        bench.charge("refunded", 2);
        try (WorkerInstance one = WorkerInstance.of(bench)) {
            one.admission.refund(charge, PATIENCE).block();
            one.admission.refund(charge, PATIENCE).block();
            assertThat(Objects.requireNonNull(bench.state("refunded")).used()).isEqualTo(5);

            one.started();
            awaitDrained();

            assertSettled("refunded", 2);
        }
    }

    @Test
    void forgetsConsumersThatAreGoneAndOwnNothing() {
        int partition = KeySpace.partition("gone");
        WorkerInstance gone = WorkerInstance.of(bench);
        WorkerInstance owner = WorkerInstance.of(bench);
        assertThat(gone.stream.forgetConsumers(partition, Duration.ZERO).block())
                .isZero();
        bench.charges("gone", 1);
        owner.stream.read(partition, 1).block();
        bench.redis.client().xgroupCreateconsumer(KeySpace.usage(partition), Consumer.from(KeySpace.GROUP, gone.id));

        await().untilAsserted(() -> assertThat(gone.stream
                        .forgetConsumers(partition, Duration.ofMillis(1))
                        .block())
                .isEqualTo(1));
        PendingMessages pending = bench.redis.client().xpending(KeySpace.usage(partition), KeySpace.GROUP);
        assertThat(pending.getConsumerMessageCount()).containsOnlyKeys(owner.id);
    }

    @Test
    void tellsHowMuchWaitsAndForHowLong() {
        bench.charges("backlog", 3);
        UsageProperties properties = new UsageProperties(100, Duration.ofMillis(20), 3, Duration.ofDays(35));
        try (WorkerInstance one = new WorkerInstance(bench, properties, Duration.ofSeconds(30), 10)) {
            one.leases.renew().block();
            assertThat(one.backlog.isFull()).isFalse();
            await().untilAsserted(() -> {
                one.backlog.sample().block();
                assertThat(one.metrics.get("sluice.usage.oldest_age").gauge().value())
                        .isPositive();
            });

            assertThat(one.backlog.isFull()).isTrue();
            assertThat(one.metrics.get("sluice.usage.backlog").gauge().value()).isEqualTo(3);
            assertThat(one.backlog.byPartition().get(KeySpace.partition("backlog")))
                    .isEqualTo(3);
        }
    }

    @Test
    void sharesThePartitionsAmongTheInstances() {
        WorkerInstance one = WorkerInstance.of(bench);
        WorkerInstance two = WorkerInstance.of(bench);
        one.leases.renew().block();
        assertThat(one.leases.owned()).hasSize(KeySpace.PARTITIONS);

        two.leases.renew().block();
        one.leases.renew().block();
        assertThat(one.leases.owned()).hasSize(32).doesNotContainAnyElementsOf(two.leases.owned());
        assertThat(two.leases.owned()).hasSize(32);

        two.leases.leave().block();
        one.leases.renew().block();
        assertThat(one.leases.owned()).hasSize(KeySpace.PARTITIONS);
    }

    /** A user, the same each time. */
    private static String inLane(int lane) {
        return inLane(lane, "in-lane");
    }

    private static String inLane(int lane, String prefix) {
        return IntStream.iterate(0, i -> i + 1)
                .mapToObj(i -> prefix + "-" + lane + "-" + i)
                .filter(user -> UsageWorker.lane(KeySpace.partition(user)) == lane)
                .findFirst()
                .orElseThrow();
    }

    /** When the instance was heard of last; 0 if that is long ago. */
    private static double heard(WorkerInstance instance) {
        Double score = bench.redis.client().zscore("sluice:workers", instance.id);
        return score == null ? 0 : score;
    }

    private static void awaitDrained() {
        await().atMost(Duration.ofSeconds(30)).until(() -> bench.waiting() == 0);
    }

    private static void assertSettled(String user, long used) {
        LedgerState state = Objects.requireNonNull(bench.state(user));
        assertThat(bench.current(user)).as(user).isEqualTo(used);
        assertThat(state.pending()).as(user).isZero();
        assertThat(state.base()).as(user).isEqualTo(used);
    }

    private static long pending(String user) {
        return Objects.requireNonNull(bench.state(user)).pending();
    }

    private static List<UsageEvent> events(List<Delivery> deliveries) {
        return deliveries.stream()
                .map(delivery -> ((Delivery.Usable) delivery).event())
                .toList();
    }
}
