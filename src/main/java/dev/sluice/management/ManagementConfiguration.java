package dev.sluice.management;

import dev.sluice.admission.Degradation.Layer;
import dev.sluice.admission.LastVerdicts;
import dev.sluice.caller.ApiKeys;
import dev.sluice.journal.Journal;
import dev.sluice.ledger.Fences;
import dev.sluice.ledger.Ledger;
import dev.sluice.reconcile.KeyScan;
import dev.sluice.redis.Periodic;
import dev.sluice.redis.RedisConnection;
import dev.sluice.routes.RouteReload;
import dev.sluice.supabase.PostgRest;
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
    UserCache userCache(
            ApiKeys keys,
            LastVerdicts lastVerdicts,
            Fences fences,
            @Qualifier("backgroundLedger") Ledger ledger,
            KeyScan scan,
            @Qualifier("backgroundRedis") RedisConnection redis) {
        return new UserCache(keys, lastVerdicts, fences, ledger, scan, redis);
    }

    @Bean
    Periodic userCacheFollower(UserCache cache) {
        return new Periodic(UserCache.EVERY, cache::follow);
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
        return new RoutesHealth(reload);
    }
}
