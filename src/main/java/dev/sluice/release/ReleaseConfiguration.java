package dev.sluice.release;

import dev.sluice.admission.IdLife;
import dev.sluice.admission.UsageSink;
import dev.sluice.redis.Periodic;
import dev.sluice.redis.RedisConnection;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.List;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ReleaseProperties.class)
class ReleaseConfiguration {

    @Bean
    PendingUploads pendingUploads(RedisConnection edgeRedis) {
        return new PendingUploads(edgeRedis);
    }

    @Bean
    IdLife resumableIdLife(ReleaseProperties properties) {
        return new IdLife(
                properties.resumableExpiry().plus(properties.releaseGrace()).plus(UnusedUploads.PATIENCE),
                "sluice.upload.resumable-expiry and .release-grace");
    }

    @Bean
    Periodic unusedUploads(
            List<UploadProbe> probes,
            ReleaseProperties properties,
            @Qualifier("backgroundRedis") RedisConnection redis,
            UsageSink usage,
            Clock clock,
            MeterRegistry metrics) {
        UnusedUploads unused = new UnusedUploads(
                new PendingUploads(redis), probes, usage, clock, properties.releaseInterval(), metrics);
        return new Periodic(properties.releaseInterval(), unused::look);
    }
}
