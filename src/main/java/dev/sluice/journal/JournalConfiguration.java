package dev.sluice.journal;

import io.micrometer.core.instrument.MeterRegistry;
import java.nio.file.Path;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(JournalProperties.class)
class JournalConfiguration {

    /** Closed when everything that may append has stopped: beans are destroyed after those that use them. */
    @Bean(destroyMethod = "close")
    Journal journal(JournalProperties properties, MeterRegistry metrics) {
        return Journal.open(
                Path.of(properties.directory()), properties.maxSize().toBytes(), properties.onFull(), metrics);
    }
}
