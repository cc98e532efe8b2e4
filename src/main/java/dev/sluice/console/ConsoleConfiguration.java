package dev.sluice.console;

import dev.sluice.management.ManagementProperties;
import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.redis.Periodic;
import dev.sluice.redis.RedisConnection;
import dev.sluice.routes.RouteOverview;
import dev.sluice.routes.RouteReload;
import io.github.resilience4j.circuitbreaker.CircuitBreakerRegistry;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.time.Duration;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import reactor.core.publisher.Mono;
import tools.jackson.databind.json.JsonMapper;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
class ConsoleConfiguration {

    @Bean
    OwnReport ownReport(
            MeterRegistry meters,
            CircuitBreakerRegistry circuits,
            ReconcileJob reconcile,
            RouteReload reload,
            RouteOverview routes,
            Clock clock,
            Environment environment) {
        return new OwnReport(
                environment.getProperty("HOSTNAME", "localhost"),
                new MeterReader(meters),
                circuits,
                reconcile,
                reload,
                routes,
                clock,
                System::nanoTime);
    }

    @Bean
    InstanceReports instanceReports(
            @Qualifier("backgroundRedis") RedisConnection redis,
            OwnReport own,
            JsonMapper json,
            Clock clock,
            MeterRegistry metrics) {
        return new InstanceReports(redis, own, json, clock, metrics);
    }

    /** Where nobody may ask, nothing is told. */
    @Bean
    Periodic instanceTold(InstanceReports instances, ManagementProperties management) {
        return new Periodic(
                Duration.ofSeconds(InstanceReports.EVERY_SECONDS),
                () -> management.token().isEmpty() ? Mono.empty() : instances.tell());
    }
}
