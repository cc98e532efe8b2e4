package dev.sluice.reconcile;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.sluice.ledger.LedgerState;
import dev.sluice.reconcile.ReconcileReport.Outcome;
import dev.sluice.redis.KeySpace;
import dev.sluice.testkit.Redis;
import dev.sluice.testkit.RedisAcl;
import dev.sluice.testkit.RedisCluster;
import dev.sluice.testkit.RedisData;
import dev.sluice.testkit.RedisKind;
import dev.sluice.usage.UsageBench;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.data.redis.connection.RedisClusterConfiguration;
import org.springframework.data.redis.connection.RedisConfiguration;
import org.springframework.data.redis.connection.RedisStandaloneConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceClientConfiguration;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

@ParameterizedClass
@EnumSource(RedisKind.class)
class ReconcileIT {

    private static final String QUOTAS_OF = "rest.rpc.quotas_of";

    private static UsageBench bench;
    private static LettuceConnectionFactory factory;
    private static ScheduledExecutorService renewal;
    private static Scheduler scheduler;
    private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();

    /** @param kind which {@link #startServers} is given; JUnit wants it to be asked for here */
    ReconcileIT(RedisKind kind) {}

    @BeforeParameterizedClassInvocation
    static void startServers(RedisKind kind) {
        bench = new UsageBench(kind);
        factory = new LettuceConnectionFactory(
                configuration(bench.redis),
                LettuceClientConfiguration.builder()
                        .commandTimeout(Duration.ofSeconds(1))
                        .build());
        factory.afterPropertiesSet();
        factory.start();
        renewal = new ScheduledThreadPoolExecutor(1);
        scheduler = Schedulers.newBoundedElastic(4, 100, "reconcile-test");
    }

    private static RedisConfiguration configuration(RedisData redis) {
        if (redis instanceof Redis single) {
            return new RedisStandaloneConfiguration(single.host(), single.port());
        }
        RedisClusterConfiguration cluster = new RedisClusterConfiguration();
        ((RedisCluster) redis).nodes().forEach(node -> cluster.clusterNode(node.host(), node.port()));
        cluster.setUsername(RedisAcl.USER);
        cluster.setPassword(RedisAcl.PASSWORD);
        return cluster;
    }

    @AfterParameterizedClassInvocation
    static void stopServers() {
        scheduler.dispose();
        renewal.shutdownNow();
        factory.destroy();
        bench.close();
    }

    @BeforeEach
    void empty() {
        await().until(bench.connection::isConnected);
        bench.redis.flushAll();
        bench.database.execute("truncate public.user_quotas");
        bench.supabase.forgetCalls();
    }

    @AfterEach
    void heal() {
        bench.supabase.faults().clear();
    }

    @Test
    void takesOverWhatChangedInTheDatabase() {
        row("a:b {c}", 5);
        bench.charge("a:b {c}", 2);
        bench.database.update("update public.user_quotas set current = 50 where user_id = ?", "a:b {c}");

        ReconcileReport dry = run(job(), true);
        assertThat(dry.outcome()).isEqualTo(Outcome.COMPLETED);
        assertThat(dry.drifted()).isEqualTo(1);
        assertThat(dry.differing()).isEqualTo(1);
        assertThat(dry.corrected()).isZero();
        assertThat(state("a:b {c}").base()).isEqualTo(5);

        ReconcileReport report = run(job(), false);
        assertThat(report.users()).isEqualTo(1);
        assertThat(report.corrected()).isEqualTo(1);
        assertThat(state("a:b {c}").base()).isEqualTo(50);
        assertThat(state("a:b {c}").pending()).isEqualTo(2);
        assertThat(metrics.counter("sluice.reconcile.drifted").count()).isEqualTo(2);
        assertThat(metrics.counter("sluice.reconcile.runs", "outcome", "completed")
                        .count())
                .isEqualTo(2);

        assertThat(run(job(), false).corrected()).isZero();
    }

    @Test
    void doesNotStopAtAMissingRowOrAZero() {
        row("deleted", 40);
        row("zero", 7);
        row("fine", 3);
        List.of("deleted", "zero", "fine").forEach(user -> bench.charge(user, 1));
        bench.database.update("delete from public.user_quotas where user_id = 'deleted'");
        bench.database.update("update public.user_quotas set current = 0 where user_id = 'zero'");

        ReconcileReport report = run(job(), false);

        assertThat(report.outcome()).isEqualTo(Outcome.COMPLETED);
        assertThat(report.users()).isEqualTo(3);
        assertThat(report.missing()).isEqualTo(1);
        assertThat(report.corrected()).isEqualTo(2);
        assertThat(state("deleted").used()).isEqualTo(1);
        assertThat(state("zero").used()).isEqualTo(1);
        assertThat(state("fine").used()).isEqualTo(4);
    }

    @Test
    void asksTheDatabaseOncePerFiveHundredUsersAndOutlivesAFailingChunk() {
        ledgers(1200);
        assertThat(run(job(), false).users()).isEqualTo(1200);
        assertThat(bench.supabase.calls(QUOTAS_OF)).isEqualTo(3);

        bench.supabase.faults().status(QUOTAS_OF, 503, "{}").times(QUOTAS_OF, 1);
        ReconcileReport report = run(job(), false);
        assertThat(report.outcome()).isEqualTo(Outcome.PARTIAL);
        assertThat(report.failedChunks()).isEqualTo(1);
        assertThat(report.users()).isEqualTo(700);

        bench.supabase.faults().status(QUOTAS_OF, 503, "{}");
        assertThat(run(job(), false).outcome()).isEqualTo(Outcome.FAILED);
    }

    @Test
    void skipsStubsVanishedAndBrokenLedgers() {
        row("whole", 1);
        bench.charge("whole", 1);
        bench.redis.client().set(KeySpace.quota("no-hash"), "x");
        bench.redis.client().hset(KeySpace.quota("garbage"), Map.of("incarnation", "i", "base", "many"));
        bench.redis.client().hset(KeySpace.quota("stub"), Map.of("incarnation", "i", "stub", "1"));
        bench.redis.client().hset("{p00}:quota:%zz", Map.of("incarnation", "i"));

        ReconcileReport report = run(job(), false);

        assertThat(report.outcome()).isEqualTo(Outcome.COMPLETED);
        assertThat(report.users()).isEqualTo(1);
    }

    @Test
    void neverTurnsBackWhatASettleDidMeanwhile() {
        row("busy", 5);
        bench.charge("busy", 1);
        bench.database.update("update public.user_quotas set current = 6 where user_id = 'busy'");
        LedgerState seen = state("busy");
        // The row is read, then somebody else takes over a newer one before the correction arrives.
        bench.supabase.faults().delay(QUOTAS_OF, Duration.ofMillis(500));
        CompletableFuture<ReconcileReport> running = job().run(false).toFuture();
        await().until(() -> bench.supabase.calls(QUOTAS_OF) == 1);
        bench.redis.client().hset(KeySpace.quota("busy"), Map.of("base", "90", "version", "99"));

        assertThat(running.join().corrected()).isZero();
        assertThat(state("busy").version()).isEqualTo(99).isGreaterThan(seen.version());
        assertThat(state("busy").base()).isEqualTo(90);
    }

    @Test
    void runsOnOneInstanceAtATimeAndOncePerInterval() {
        ledgers(1);
        bench.supabase.faults().delay(QUOTAS_OF, Duration.ofMillis(500));
        CompletableFuture<ReconcileReport> one = job().run(false).toFuture();
        await().until(() -> bench.supabase.calls(QUOTAS_OF) == 1);
        ReconcileReport other = run(job(), false);
        assertThat(other.outcome()).isEqualTo(Outcome.SKIPPED);
        assertThat(one.join().outcome()).isEqualTo(Outcome.COMPLETED);

        bench.supabase.faults().clear();
        bench.supabase.forgetCalls();
        List<ReconcileJob> instances = List.of(job(), job(), job());
        instances.forEach(ReconcileJob::runInTurn);
        instances.forEach(ReconcileJob::runInTurn);
        assertThat(bench.supabase.calls(QUOTAS_OF)).isEqualTo(1);
        assertThat(bench.redis.client().keys("*lock*")).isNotEmpty().allMatch(key -> key.startsWith("sluice:"));
        assertThat(run(job(), true).outcome()).isEqualTo(Outcome.COMPLETED);
    }

    @Test
    void skipsARunWhileRedisIsAwayAndRunsAgainAfterwards() {
        ReconcileJob job = job();
        bench.redis.kill();
        try {
            job.runInTurn();
            assertThat(job.reports()).extracting(ReconcileReport::outcome).containsExactly(Outcome.SKIPPED);
        } finally {
            bench.redis.restart();
        }
        await().untilAsserted(() -> assertThat(run(job, false).outcome()).isEqualTo(Outcome.COMPLETED));
        assertThat(job.reports().get(0).outcome()).isEqualTo(Outcome.COMPLETED);
    }

    @Test
    void remembersTheLastTwentyRuns() {
        ReconcileJob job = job();
        IntStream.range(0, 23).forEach(i -> run(job, i == 22));

        assertThat(job.reports()).hasSize(20);
        assertThat(job.reports().get(0).dryRun()).isTrue();
    }

    @Test
    void givesRateWindowsAnExpiryThatHaveNone() {
        String forgotten = KeySpace.rate("alice", "signed-url", 60);
        String fine = KeySpace.rate("bob", "signed-url", 60);
        bench.redis.client().hset(forgotten, "1", "1");
        bench.redis.client().hset(fine, "1", "1");
        bench.redis.client().pexpire(fine, 5000);
        Janitor janitor = new Janitor(bench.connection, new KeyScan(bench.connection), locks(), scheduler, metrics);

        assertThat(janitor.sweep().block()).isEqualTo(1);
        assertThat(bench.redis.client().ttl(forgotten)).isBetween(1L, 66L);
        assertThat(bench.redis.client().pttl(fine)).isBetween(1L, 5000L);
        assertThat(metrics.counter("sluice.janitor.repaired").count()).isEqualTo(1);
        assertThat(janitor.sweep().block()).isZero();
    }

    @Test
    void keepsThePartitionsOfTheRetentionAndOfTheDaysToCome() {
        String ahead = "select count(*) from pg_inherits where inhparent = 'public.usage_events'::regclass";
        bench.database.execute("do $$ begin execute format('drop table sluice.usage_events_%s',"
                + " to_char((now() at time zone 'UTC')::date + 7, 'YYYYMMDD')); end $$");

        new PartitionUpkeep(bench.postgRest, locks(), Duration.ofDays(20)).runInTurn();

        assertThat(bench.database.number(ahead))
                .as("20 days, a day of grace, today and a week ahead")
                .isEqualTo(20 + 1 + 1 + 7);
    }

    private ReconcileJob job() {
        return new ReconcileJob(
                new Reconciliation(
                        bench.connection,
                        new KeyScan(bench.connection),
                        bench.ledger,
                        bench.postgRest,
                        new Reconciler(10)),
                locks(),
                new ReconcileProperties(Duration.ofMinutes(5), "10%"),
                Clock.systemUTC(),
                scheduler,
                metrics);
    }

    private static Locks locks() {
        return ReconcileConfiguration.locks(factory, renewal, Clock.systemUTC());
    }

    private static ReconcileReport run(ReconcileJob job, boolean dryRun) {
        return Objects.requireNonNull(job.run(dryRun).block());
    }

    private static void row(String user, long current) {
        bench.database.update("insert into public.user_quotas (user_id, current) values (?, ?)", user, current);
    }

    private static LedgerState state(String user) {
        return Objects.requireNonNull(bench.state(user));
    }

    private static void ledgers(int count) {
        for (int i = 0; i < count; i++) {
            Map<String, String> hash = Map.of("incarnation", "i", "version", "0", "base", "0", "bytesBase", "0");
            bench.redis.client().hset(KeySpace.quota("user-" + i), hash);
        }
    }
}
