package dev.sluice;

import java.time.Clock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Hooks;

/** What every package shares. */
@Configuration(proxyBeanMethods = false)
class SluiceConfiguration {

    private static final Logger log = LoggerFactory.getLogger(SluiceConfiguration.class);

    /** An error that comes after its request was answered or cut off, such as a late timeout, has nobody to be told to. */
    SluiceConfiguration() {
        Hooks.onErrorDropped(error -> log.debug("An error came too late to be told to anybody", error));
    }

    @Bean
    Clock clock() {
        return Clock.systemUTC();
    }
}
