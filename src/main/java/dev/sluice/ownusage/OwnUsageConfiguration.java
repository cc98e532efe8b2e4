package dev.sluice.ownusage;

import dev.sluice.admission.DefaultLimit;
import dev.sluice.ledger.Ledger;
import dev.sluice.operation.Operations;
import dev.sluice.supabase.PostgRest;
import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
class OwnUsageConfiguration {

    @Bean
    OwnUsageReader ownUsageReader(Ledger ledger, PostgRest database) {
        return new OwnUsageReader(ledger, database);
    }

    @Bean
    UsageGatewayFilterFactory usageGatewayFilterFactory(
            OwnUsageReader reader, Operations operations, DefaultLimit defaultLimit, Clock clock) {
        return new UsageGatewayFilterFactory(reader, operations, defaultLimit, clock);
    }
}
