package dev.sluice.management;

import dev.sluice.admission.DefaultLimit;
import dev.sluice.admission.Degradation.Layer;
import dev.sluice.admission.InFlightLimits;
import dev.sluice.admission.LastVerdicts;
import dev.sluice.caller.ApiKeys;
import dev.sluice.journal.Journal;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.ledger.ShadowWindows;
import dev.sluice.memory.MemoryGuard;
import dev.sluice.memory.RefusalMemory;
import dev.sluice.memory.ShadowGuard;
import dev.sluice.ownusage.OwnUsageReader;
import dev.sluice.reconcile.KeyScan;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.WakeUps;
import dev.sluice.routes.RouteReload;
import dev.sluice.routes.RoutesInForce;
import dev.sluice.supabase.PostgRest;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.actuate.autoconfigure.web.server.ManagementPortType;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.boot.health.contributor.ReactiveHealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.core.env.Environment;
import org.springframework.data.redis.connection.lettuce.LettuceConnectionFactory;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ManagementProperties.class)
class ManagementConfiguration {

    private static final ParameterizedTypeReference<List<Object>> ROWS = new ParameterizedTypeReference<>() {};

    /** @throws IllegalArgumentException where both ports are one: the actuator would be in front of everybody */
    ManagementConfiguration(Environment environment) {
        if (ManagementPortType.get(environment) == ManagementPortType.SAME) {
            throw new IllegalArgumentException(
                    "management.server.port (environment MANAGEMENT_SERVER_PORT) must be another"
                            + " port than server.port, for example 8081");
        }
    }

    @Bean
    InstanceMemory instanceMemory(
            ApiKeys keys, LastVerdicts lastVerdicts, RefusalMemory refusals, MemoryGuard guard, ShadowGuard shadows) {
        return new InstanceMemory(keys, lastVerdicts, refusals, guard, shadows);
    }

    @Bean
    Instances instances(InstanceMemory memory, @Qualifier("backgroundRedis") RedisConnection redis) {
        return new Instances(memory, redis);
    }

    @Bean
    Following following(Instances instances) {
        return new Following(instances);
    }

    @Bean
    WakeUps wakeUps(
            LettuceConnectionFactory factory,
            @Qualifier("backgroundRedis") RedisConnection redis,
            Following following) {
        return new WakeUps(factory.getRequiredNativeClient(), redis, Instances.CHANNEL, following::wake);
    }

    @Bean
    Broadcast broadcast(Instances instances, Following following, WakeUps wakeUps) {
        return new Broadcast(instances, following, wakeUps);
    }

    @Bean
    UserCache userCache(
            InstanceMemory memory,
            Broadcast broadcast,
            Fences fences,
            @Qualifier("backgroundLedger") Ledger ledger,
            KeyScan scan,
            @Qualifier("backgroundRedis") RedisConnection redis) {
        return new UserCache(memory, broadcast, fences, ledger, scan, redis);
    }

    @Bean
    RateReset rateReset(
            InstanceMemory memory,
            Broadcast broadcast,
            @Qualifier("backgroundLedger") Ledger ledger,
            ShadowWindows shadows,
            RoutesInForce routes) {
        return new RateReset(memory, broadcast, ledger, shadows, routes);
    }

    @Bean
    UserLimits userLimits(
            OwnUsageReader reader,
            RoutesInForce routes,
            MemoryGuard guard,
            RefusalMemory refusals,
            DefaultLimit defaultLimit,
            InFlightLimits inFlight,
            Clock clock) {
        return new UserLimits(reader, routes, guard, refusals, defaultLimit, inFlight, clock);
    }

    @Bean("redis")
    ReactiveHealthIndicator redisHealth(@Qualifier("backgroundRedis") RedisConnection redis) {
        return new LayerHealth(
                redis.call(commands -> commands.info("memory")).map(EvictionPolicy::details), Layer.REDIS.meaning());
    }

    @Bean("database")
    ReactiveHealthIndicator databaseHealth(PostgRest database) {
        return new LayerHealth(
                database.rpc("quotas_of", Map.of("p_user_ids", List.of()), ROWS).thenReturn(Map.of()),
                Layer.DATABASE.meaning());
    }

    @Bean
    HealthIndicator journalHealthIndicator(Journal journal) {
        return new JournalHealth(journal);
    }

    @Bean("routes")
    HealthIndicator routesHealth(RouteReload reload) {
        return new RoutesHealth(reload::state, reload::looks);
    }
}
