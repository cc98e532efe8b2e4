package dev.sluice.ledger;

import dev.sluice.redis.Periodic;
import dev.sluice.redis.RedisConnection;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
class LedgerConfiguration {

    @Bean
    Fences fences(RedisConnection edgeRedis) {
        Fences fences = new Fences();
        edgeRedis.onLoss(fences::markAll);
        edgeRedis.onMove(fences::mark);
        return fences;
    }

    /** The ledger of the request path. */
    @Bean
    @Primary
    Ledger edgeLedger(RedisConnection edgeRedis, Fences fences, LedgerSettings settings) {
        return new Ledger(edgeRedis, fences, settings);
    }

    @Bean
    Flights flights(RedisConnection edgeRedis) {
        return new Flights(edgeRedis);
    }

    /** The ledger of everything that runs in the background. */
    @Bean
    @Qualifier("backgroundLedger") Ledger backgroundLedger(
            @Qualifier("backgroundRedis") RedisConnection redis, Fences fences, LedgerSettings settings) {
        return new Ledger(redis, fences, settings);
    }

    @Bean
    ShadowWindows shadowWindows(@Qualifier("backgroundRedis") RedisConnection redis) {
        return new ShadowWindows(redis);
    }

    @Bean
    Periodic fenceKeeper(@Qualifier("backgroundLedger") Ledger ledger, Fences fences) {
        return new Periodic(FenceKeeper.EVERY, new FenceKeeper(ledger, fences)::fenceAll);
    }
}
