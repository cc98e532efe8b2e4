package dev.sluice.console;

import dev.sluice.reconcile.ReconcileJob;
import dev.sluice.routes.RouteOverview;
import dev.sluice.routes.RouteReload;
import dev.sluice.usage.DeadLetters;
import dev.sluice.usage.UsageBacklog;
import java.time.Clock;
import org.springframework.boot.actuate.autoconfigure.endpoint.web.WebEndpointProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

/**
 * The beans of this package on the management port, where the guard of {@code management} stands before them. Without a
 * stereotype, so that the scan of the edge does not find it: the list of management configurations in
 * {@code META-INF/spring} does.
 */
class ConsolePortConfiguration {

    @Bean
    RouterFunction<ServerResponse> consoleEndpoint(
            WebEndpointProperties endpoints,
            OwnReport own,
            InstanceReports instances,
            UsageBacklog backlog,
            DeadLetters deadLetters,
            ReconcileJob reconcile,
            RouteReload reload,
            RouteOverview routes,
            Clock clock) {
        return new ConsoleEndpoint(own, instances, backlog, deadLetters, reconcile, reload, routes, clock)
                .routes(endpoints.getBasePath());
    }

    @Bean
    RouterFunction<ServerResponse> consolePages(WebEndpointProperties endpoints) {
        return new ConsolePages(endpoints.getBasePath()).routes();
    }
}
