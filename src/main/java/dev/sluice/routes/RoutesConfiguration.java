package dev.sluice.routes;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.cloud.gateway.support.ConfigurationService;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.core.io.ClassPathResource;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
class RoutesConfiguration {

    @Bean
    RouteCheck routeCheck(
            GatewayProperties properties,
            List<RoutePredicateFactory> predicates,
            List<GatewayFilterFactory> factories,
            ConfigurationService configuration,
            Environment environment) {
        checkFile(environment);
        GuardRules guards = new GuardRules(
                environment.getProperty("sluice.signed-url.signer", "server"),
                environment.getProperty("sluice.bucket-access.source", "grants"),
                URI.create(environment.getProperty("sluice.supabase.url", "")));
        return new RouteCheck(properties, predicates, factories, configuration, guards);
    }

    /** The imports of the routes are optional because there are some in the jar; a file that was named is not. */
    private static void checkFile(Environment environment) {
        String named = environment.getProperty("SLUICE_ROUTES");
        if (named != null && !Files.isReadable(Path.of(named)) && !new ClassPathResource(named).isReadable()) {
            throw new RouteConfigurationException(
                    "SLUICE_ROUTES names " + named + ", which cannot be read.",
                    "Name a readable YAML file, or gateway-routes.supabase.yml for the routes of that name in the jar, or leave"
                            + " SLUICE_ROUTES unset to use ./gateway-routes.yml or the routes in the jar.",
                    null);
        }
    }
}
