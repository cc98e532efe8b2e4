package dev.sluice.intent;

import dev.sluice.exchange.ClientProperties;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IntentProperties.class)
class IntentConfiguration {

    @Bean
    UploadIntentGatewayFilterFactory uploadIntentGatewayFilterFactory(
            IntentProperties properties, ClientProperties client, ObjectProvider<UnknownLength> unknownLength) {
        return new UploadIntentGatewayFilterFactory(
                new BodyIntent(client.bodyTimeout()),
                new ObjectPrefix(properties.objectPrefix()),
                unknownLength.getIfAvailable());
    }

    @Bean
    ObjectNamesGatewayFilterFactory objectNamesGatewayFilterFactory(
            IntentProperties properties, ClientProperties client) {
        return new ObjectNamesGatewayFilterFactory(
                new BodyIntent(client.bodyTimeout()), new ObjectPrefix(properties.objectPrefix()));
    }
}
