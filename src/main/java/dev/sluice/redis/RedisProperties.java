package dev.sluice.redis;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Sluice's own settings for Redis; where it is and how to log in is Spring Boot's {@code spring.data.redis.*}.
 *
 * @param timeout one budget per request for all its Redis calls; also {@code spring.data.redis.timeout}
 */
@ConfigurationProperties("sluice.redis")
public record RedisProperties(@DefaultValue("100ms") Duration timeout) {

    public RedisProperties {
        if (timeout.toMillis() < 1) {
            throw new IllegalArgumentException("sluice.redis.timeout must be longer than 0, for example 100ms");
        }
    }
}
