package dev.sluice.management;

import dev.sluice.admission.AdmissionPreview;
import dev.sluice.admission.LastVerdicts;
import dev.sluice.caller.IdentityProperties;
import dev.sluice.exchange.ClientAddress;
import dev.sluice.ledger.LedgerSettings;
import dev.sluice.memory.MemoryGuard;
import dev.sluice.memory.ShadowGuard;
import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.routes.RoutesInForce;
import dev.sluice.usage.DeadLetters;
import dev.sluice.usage.UsageBacklog;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.stream.Stream;
import org.springframework.boot.actuate.autoconfigure.endpoint.web.WebEndpointProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.WebFilter;

/**
 * The beans of the management port's own context. Without a stereotype, so that the scan of the edge does not find it: the
 * list of management configurations in {@code META-INF/spring} does.
 */
class ManagementPortConfiguration {

    @Bean
    WebFilter managementGuard(
            WebEndpointProperties endpoints,
            ManagementProperties management,
            ClientAddress addresses,
            MeterRegistry registry) {
        return new ManagementGuard(
                endpoints.getBasePath(), management.token(), new Audit(endpoints.getBasePath(), addresses, registry));
    }

    @Bean
    RouterFunction<ServerResponse> usageEndpoint(
            WebEndpointProperties endpoints, UsageBacklog backlog, DeadLetters deadLetters) {
        return new UsageEndpoint(backlog, deadLetters).routes(endpoints.getBasePath());
    }

    @Bean
    RouterFunction<ServerResponse> reconcileEndpoint(WebEndpointProperties endpoints, ReconcileJob job) {
        return new ReconcileEndpoint(job).routes(endpoints.getBasePath());
    }

    @Bean
    RouterFunction<ServerResponse> userCacheEndpoint(
            WebEndpointProperties endpoints, UserCache cache, LedgerSettings verdicts, IdentityProperties identity) {
        Duration longest = Stream.of(verdicts.grantTtl(), identity.cacheTtl(), LastVerdicts.KEPT)
                .max(Duration::compareTo)
                .orElseThrow();
        return new UserCacheEndpoint(cache, longest).routes(endpoints.getBasePath());
    }

    @Bean
    RouterFunction<ServerResponse> limitsEndpoint(WebEndpointProperties endpoints, UserLimits limits, RateReset reset) {
        return new LimitsEndpoint(limits, reset).routes(endpoints.getBasePath());
    }

    @Bean
    RouterFunction<ServerResponse> explainEndpoint(
            WebEndpointProperties endpoints,
            RoutesInForce routes,
            MemoryGuard guard,
            ShadowGuard shadows,
            AdmissionPreview admissions) {
        return new ExplainEndpoint(routes, new ExplainedMemory(guard, shadows), admissions)
                .routes(endpoints.getBasePath());
    }
}
