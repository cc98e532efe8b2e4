package dev.sluice.reconcile;

import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.LedgerSettings;
import dev.sluice.reconcile.ReconcileSchedule.Task;
import dev.sluice.redis.RedisConnection;
import dev.sluice.supabase.PostgRest;
import dev.sluice.usage.UsageProperties;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import net.javacrumbs.shedlock.provider.redis.spring.RedisLockProvider;
import net.javacrumbs.shedlock.support.KeepAliveLockProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.data.redis.connection.RedisConnectionFactory;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ReconcileProperties.class)
class ReconcileConfiguration {

    private static final Duration SOON = Duration.ofMinutes(1);

    /** The only threads of Sluice on which anything may block. */
    @Bean(destroyMethod = "dispose", defaultCandidate = false)
    Scheduler reconcileScheduler() {
        return Schedulers.newBoundedElastic(3, 100, "reconcile-blocking", 60, true);
    }

    @Bean(destroyMethod = "shutdownNow", defaultCandidate = false)
    ScheduledExecutorService lockRenewal() {
        return new ScheduledThreadPoolExecutor(1, task -> {
            Thread thread = new Thread(task, "reconcile-lock-renewal");
            thread.setDaemon(true);
            return thread;
        });
    }

    @Bean
    Locks reconcileLocks(
            RedisConnectionFactory factory,
            @Qualifier("lockRenewal") ScheduledExecutorService lockRenewal,
            Clock clock) {
        return locks(factory, lockRenewal, clock);
    }

    static Locks locks(RedisConnectionFactory factory, ScheduledExecutorService renewal, Clock clock) {
        RedisLockProvider locks = new RedisLockProvider.Builder(factory)
                .keyPrefix("sluice")
                .environment("lock")
                .build();
        return new Locks(locks, new KeepAliveLockProvider(locks, renewal), clock);
    }

    @Bean
    KeyScan keyScan(@Qualifier("backgroundRedis") RedisConnection redis) {
        return new KeyScan(redis);
    }

    @Bean
    ReconcileJob reconcileJob(
            @Qualifier("backgroundRedis") RedisConnection redis,
            KeyScan scan,
            Fences fences,
            LedgerSettings settings,
            PostgRest database,
            Locks locks,
            ReconcileProperties properties,
            Clock clock,
            @Qualifier("reconcileScheduler") Scheduler scheduler,
            MeterRegistry metrics) {
        Reconciliation reconciliation = new Reconciliation(
                redis,
                scan,
                new Ledger(redis, fences, settings),
                database,
                new Reconciler(properties.driftWarningPercent()));
        return new ReconcileJob(reconciliation, locks, properties, clock, scheduler, metrics);
    }

    @Bean
    Janitor janitor(
            @Qualifier("backgroundRedis") RedisConnection redis,
            KeyScan scan,
            Locks locks,
            @Qualifier("reconcileScheduler") Scheduler scheduler,
            MeterRegistry metrics) {
        return new Janitor(redis, scan, locks, scheduler, metrics);
    }

    @Bean
    ReconcileSchedule reconcileSchedule(
            ReconcileJob reconcile,
            Janitor janitor,
            PostgRest database,
            Locks locks,
            ReconcileProperties properties,
            UsageProperties usage,
            @Qualifier("reconcileScheduler") Scheduler scheduler) {
        PartitionUpkeep partitions = new PartitionUpkeep(database, locks, usage.retention());
        return new ReconcileSchedule(
                scheduler,
                List.of(
                        new Task(reconcile::runInTurn, properties.interval(), properties.interval()),
                        new Task(janitor::sweepInTurn, Janitor.INTERVAL, Janitor.INTERVAL),
                        new Task(partitions::runInTurn, SOON, PartitionUpkeep.ASKED_EVERY)));
    }
}
