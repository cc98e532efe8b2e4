package dev.sluice.idempotency;

import dev.sluice.admission.IdLife;
import dev.sluice.redis.RedisConnection;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IdempotencyProperties.class)
class IdempotencyConfiguration {

    @Bean
    GlobalFilter idempotencyFilter(RedisConnection edgeRedis, IdempotencyProperties properties, MeterRegistry metrics) {
        return new IdempotencyFilter(
                new IdempotencyRecords(edgeRedis, properties.ttl()), properties.maxWait(), metrics);
    }

    @Bean
    IdLife idempotencyIdLife(IdempotencyProperties properties) {
        return new IdLife(properties.ttl(), "sluice.idempotency.ttl");
    }

    @Bean
    GlobalFilter answerKeeper() {
        return new AnswerKeeper();
    }
}
