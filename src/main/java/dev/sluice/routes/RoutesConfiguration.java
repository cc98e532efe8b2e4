package dev.sluice.routes;

import dev.sluice.admission.DefaultLimit;
import dev.sluice.operation.Operations;
import dev.sluice.redis.Periodic;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Objects;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.cloud.gateway.handler.predicate.RoutePredicateFactory;
import org.springframework.cloud.gateway.support.ConfigurationService;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationEventPublisher;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Primary;
import org.springframework.core.convert.ConversionService;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.Environment;
import org.springframework.core.io.ClassPathResource;
import org.springframework.validation.Validator;
import org.springframework.web.reactive.DispatcherHandler;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(RoutesProperties.class)
class RoutesConfiguration {

    /** Named as the gateway's own, which it replaces. */
    @Bean("cachedCompositeRouteLocator")
    @Primary
    LiveRoutes liveRoutes(ApplicationEventPublisher publisher) {
        return new LiveRoutes(publisher);
    }

    @Bean
    RoutesInForce routesInForce(LiveRoutes live, RouteBuilder builder, Operations operations) {
        return new RoutesInForce(live, builder, operations);
    }

    @Bean
    RoutesAtArrival routesAtArrival(LiveRoutes live) {
        return new RoutesAtArrival(live);
    }

    /** Replaces the gateway's own, of which it is one. */
    @Bean
    RouteChains routeChains(List<GlobalFilter> globalFilters, GatewayProperties properties) {
        return new RouteChains(globalFilters, properties.isRouteFilterCacheEnabled());
    }

    @Bean
    DirectRoutes directRoutes(
            ApplicationContext edge,
            LiveRoutes live,
            RouteChains chains,
            ObjectProvider<DispatcherHandler> dispatcher,
            GlobalCorsProperties cors) {
        return new DirectRoutes(
                edge,
                live,
                chains::of,
                () -> Objects.requireNonNullElse(dispatcher.getObject().getHandlerMappings(), List.of()),
                !cors.getCorsConfigurations().isEmpty());
    }

    /** Before anything is bound. */
    @Bean
    static BeanFactoryPostProcessor settingsCheck(ConfigurableEnvironment environment) {
        return beans -> new RouteSettingsReader(file(environment), environment).checkAtStart();
    }

    @Bean
    RouteBuilder routeBuilder(
            GatewayProperties properties,
            List<RoutePredicateFactory> predicates,
            List<GatewayFilterFactory> factories,
            BeanFactory beans,
            @Qualifier("webFluxConversionService") ObjectProvider<ConversionService> conversions,
            ObjectProvider<Validator> validators,
            Environment environment) {
        GuardRules guards = new GuardRules(
                environment.getProperty("sluice.signed-url.signer", "server"),
                environment.getProperty("sluice.bucket-access.source", "grants"),
                URI.create(environment.getProperty("sluice.supabase.url", "")));
        return new RouteBuilder(
                properties.getDefaultFilters(),
                predicates,
                factories,
                () -> new ConfigurationService(beans, conversions, validators),
                guards);
    }

    @Bean
    RouteOverview routeOverview(LiveRoutes live, RouteBuilder builder) {
        return new RouteOverview(live, builder);
    }

    /** Before the first request. */
    @Bean
    SmartInitializingSingleton firstRoutes(
            LiveRoutes live, RouteBuilder builder, GatewayProperties properties, Operations operations) {
        return () -> live.replace(builder.build(properties.getRoutes(), operations, RouteTable.EMPTY));
    }

    @Bean
    RouteReload routeReload(
            ConfigurableEnvironment environment,
            RouteBuilder builder,
            LiveRoutes live,
            GatewayProperties gateway,
            RoutesProperties properties,
            DefaultLimit defaultLimit,
            Clock clock,
            MeterRegistry registry) {
        Path file = file(environment);
        return new RouteReload(
                new RoutesFile(file),
                new RouteSettingsReader(file, environment),
                builder,
                live,
                gateway,
                properties.patience(),
                defaultLimit,
                clock,
                registry);
    }

    @Bean
    Periodic routeReloadPeriodic(RoutesProperties properties, RouteReload reload) {
        return new Periodic(properties.reloadInterval(), reload::look);
    }

    /** The imports of the routes are optional because there are some in the jar; a file that was named is not. */
    private static Path file(Environment environment) {
        String named = environment.getProperty("SLUICE_ROUTES");
        if (named == null) {
            return Path.of("gateway-routes.yml");
        }
        if (!Files.isReadable(Path.of(named)) && !new ClassPathResource(named).isReadable()) {
            throw new RouteConfigurationException(
                    "SLUICE_ROUTES names " + named + ", which cannot be read.",
                    "Name a readable YAML file, or gateway-routes.supabase.yml for the routes of that name in the jar, or leave"
                            + " SLUICE_ROUTES unset to use ./gateway-routes.yml or the routes in the jar.",
                    null);
        }
        return Path.of(named);
    }
}
