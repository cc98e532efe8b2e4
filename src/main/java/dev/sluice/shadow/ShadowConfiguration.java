package dev.sluice.shadow;

import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
class ShadowConfiguration {

    @Bean
    WouldRefuse wouldRefuse(MeterRegistry registry) {
        return new WouldRefuse(registry, System::nanoTime);
    }
}
