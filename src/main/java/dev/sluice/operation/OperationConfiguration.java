package dev.sluice.operation;

import org.springframework.boot.context.properties.ConfigurationPropertiesBinding;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.ConfigurableEnvironment;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(OperationProperties.class)
class OperationConfiguration {

    @Bean
    @ConfigurationPropertiesBinding
    static RateConverter rateConverter() {
        return new RateConverter();
    }

    @Bean
    Operations operations(OperationProperties properties, ConfigurableEnvironment environment) {
        return new Operations(new EnvironmentLimits(environment).complete(properties));
    }
}
