package dev.sluice;

import java.time.Clock;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What every package shares. */
@Configuration(proxyBeanMethods = false)
class SluiceConfiguration {

    @Bean
    Clock clock() {
        return Clock.systemUTC();
    }
}
