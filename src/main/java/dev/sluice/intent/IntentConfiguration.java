package dev.sluice.intent;

import java.time.Duration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IntentProperties.class)
class IntentConfiguration {

    private static final Duration BODY_TIMEOUT = Duration.ofSeconds(10);

    @Bean
    UploadIntentGatewayFilterFactory uploadIntentGatewayFilterFactory(IntentProperties properties) {
        return new UploadIntentGatewayFilterFactory(
                new BodyIntent(BODY_TIMEOUT), new ObjectPrefix(properties.objectPrefix()));
    }
}
