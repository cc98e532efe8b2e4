package dev.sluice.usage;

import dev.sluice.admission.IdLife;
import dev.sluice.admission.UsageSink;
import dev.sluice.journal.Journal;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.LedgerSettings;
import dev.sluice.redis.RedisConnection;
import dev.sluice.supabase.PostgRest;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(UsageProperties.class)
class UsageConfiguration {

    /** Some seconds of a busy instance's events. */
    private static final int SINK_CAPACITY = 8192;

    /** Longer than any batch takes while its consumer lives, but for one that waits for a store. */
    private static final Duration CLAIM_IDLE = Duration.ofSeconds(30);

    private final String instance = UUID.randomUUID().toString();

    @Bean(destroyMethod = "dispose", defaultCandidate = false)
    Scheduler usageScheduler() {
        return Schedulers.newParallel("usage", 2, true);
    }

    @Bean
    UsageStream usageStream(@Qualifier("backgroundRedis") RedisConnection redis) {
        return new UsageStream(redis, instance);
    }

    @Bean
    Leases usageLeases(@Qualifier("backgroundRedis") RedisConnection redis) {
        return new Leases(redis, instance);
    }

    @Bean
    UsageDatabase usageDatabase(PostgRest database) {
        return new UsageDatabase(database);
    }

    @Bean
    RetentionCheck retentionCheck(UsageProperties properties, ObjectProvider<IdLife> lives) {
        return new RetentionCheck(properties.retention(), lives.stream().toList());
    }

    @Bean
    EventOverflow eventOverflow(Journal journal) {
        return journal::append;
    }

    @Bean
    UsageBacklog usageBacklog(
            UsageStream stream,
            Leases leases,
            Clock clock,
            UsageProperties properties,
            @Qualifier("usageScheduler") Scheduler usageScheduler,
            MeterRegistry metrics) {
        return new UsageBacklog(stream, leases, clock, properties, usageScheduler, metrics);
    }

    @Bean
    EventWriter eventWriter(
            UsageStream stream,
            UsageBacklog backlog,
            UsageDatabase database,
            EventOverflow overflow,
            @Qualifier("backgroundLedger") Ledger ledger,
            Fences fences) {
        return new EventWriter(stream, backlog, database, overflow, new RowTakeover(ledger, fences), System::nanoTime);
    }

    @Bean
    UsageRecorder usageRecorder(
            EventWriter writer, UsageProperties properties, @Qualifier("usageScheduler") Scheduler usageScheduler) {
        return new UsageRecorder(writer, properties, SINK_CAPACITY, usageScheduler);
    }

    @Bean
    JournalReplay journalReplay(
            Journal journal,
            EventWriter writer,
            UsageStream stream,
            UsageBacklog backlog,
            UsageProperties properties,
            @Qualifier("usageScheduler") Scheduler usageScheduler) {
        return new JournalReplay(journal, writer, stream, backlog, properties, usageScheduler, System::nanoTime);
    }

    @Bean
    UsageWorker usageWorker(
            @Qualifier("backgroundRedis") RedisConnection redis,
            Fences fences,
            LedgerSettings settings,
            UsageStream stream,
            Leases leases,
            UsageDatabase database,
            UsageBacklog backlog,
            UsageProperties properties,
            @Qualifier("usageScheduler") Scheduler usageScheduler,
            MeterRegistry metrics) {
        Counter retries = Counter.builder("sluice.usage.retries")
                .description("Attempts repeated because Redis or the database could not be reached")
                .register(metrics);
        Backoff backoff =
                new Backoff(usageScheduler, () -> ThreadLocalRandom.current().nextDouble(), retries::increment);
        Settlement settlement = new Settlement(
                database,
                new Ledger(redis, fences, settings),
                stream,
                backoff,
                properties.flushInterval(),
                usageScheduler,
                metrics);
        return new UsageWorker(
                stream,
                leases,
                settlement,
                backoff,
                properties,
                usageScheduler,
                System::nanoTime,
                CLAIM_IDLE,
                backlog::isAnswering);
    }

    @Bean
    DeadLetters deadLetters(UsageStream stream) {
        return new DeadLetters(stream);
    }

    @Bean
    UsageSink admissionUsage(
            UsageRecorder recorder,
            EventWriter writer,
            RedisConnection edgeRedis,
            Journal journal,
            UsageBacklog backlog,
            Clock clock) {
        return new AdmissionUsage(recorder, writer, new UsageStream(edgeRedis, instance), journal, backlog, clock);
    }
}
