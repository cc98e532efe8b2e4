package dev.sluice.management;

import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.usage.DeadLetters;
import dev.sluice.usage.UsageBacklog;
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
    WebFilter managementGuard(WebEndpointProperties endpoints, ManagementProperties management) {
        return new ManagementGuard(endpoints.getBasePath(), management.token());
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
    RouterFunction<ServerResponse> userCacheEndpoint(WebEndpointProperties endpoints, UserCache cache) {
        return new UserCacheEndpoint(cache).routes(endpoints.getBasePath());
    }
}
