package dev.sluice.memory;

import dev.sluice.exchange.ClientAddress;
import dev.sluice.operation.Operations;
import dev.sluice.shadow.WouldRefuse;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(MemoryGuardProperties.class)
class MemoryConfiguration {

    @Bean
    MemoryGuard memoryGuard(MemoryGuardProperties properties) {
        return new MemoryGuard(properties.maxEntries(), System::nanoTime);
    }

    @Bean
    ShadowGuard shadowGuard(MemoryGuardProperties properties) {
        return new ShadowGuard(properties.maxEntries(), System::nanoTime);
    }

    @Bean
    RefusalMemory refusalMemory(MemoryGuardProperties properties) {
        return new RefusalMemory(properties.maxEntries(), System::nanoTime);
    }

    @Bean
    MemoryGuardGatewayFilterFactory memoryGuardGatewayFilterFactory(
            MemoryGuard guard,
            ShadowGuard shadows,
            WouldRefuse wouldRefuse,
            Operations operations,
            ClientAddress clientAddress) {
        return new MemoryGuardGatewayFilterFactory(guard, shadows, wouldRefuse, operations, clientAddress);
    }
}
