package dev.sluice.testkit;

import dev.sluice.caller.Caller;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.data.redis.autoconfigure.observation.LettuceObservationAutoConfiguration;
import org.springframework.boot.micrometer.tracing.autoconfigure.MicrometerTracingAutoConfiguration;
import org.springframework.cloud.gateway.config.GatewayMetricsAutoConfiguration;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.cloud.gateway.filter.factory.GatewayFilterFactory;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.ComponentScan;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.client.ReactorResourceFactory;

/**
 * An edge with the main operation only: what is asked, signing and proxying, on a port of its own. There is no identity,
 * limit or admission; the filter {@code Claimed} makes a caller of the headers {@code claimed-user} and
 * {@code claimed-token}; the filter {@code Broken} has a bug.
 */
public final class BareEdge implements AutoCloseable {

    private static final String ROUTES = "spring.cloud.gateway.server.webflux.routes";

    private final ConfigurableApplicationContext context;

    private BareEdge(ConfigurableApplicationContext context) {
        this.context = context;
    }

    /** Collects what an edge is started with. */
    public static final class Builder {

        private final Map<String, Object> properties = new LinkedHashMap<>();
        private final List<GatewayFilterFactory<?>> filters = new ArrayList<>();
        private int routes;

        private Builder() {}

        public Builder with(String property, Object value) {
            properties.put(property, value);
            return this;
        }

        /** A filter of the test's own, known to routes by the name of its class. */
        public Builder filter(GatewayFilterFactory<?> filter) {
            filters.add(filter);
            return this;
        }

        /** A route of the id that it gets as the next one; {@code filters} in order, in their short form. */
        public Builder route(String uri, String predicate, String... filters) {
            String route = ROUTES + "[" + routes + "].";
            properties.put(route + "id", "route-" + routes);
            properties.put(route + "uri", uri);
            properties.put(route + "predicates[0]", predicate);
            for (int i = 0; i < filters.length; i++) {
                properties.put(route + "filters[" + i + "]", filters[i]);
            }
            routes++;
            return this;
        }

        /** Starts it; a configuration error is thrown. */
        public BareEdge start() {
            return new BareEdge(new SpringApplicationBuilder(Application.class)
                    .web(WebApplicationType.REACTIVE)
                    .initializers((GenericApplicationContext made) -> filters.forEach(filter -> made.getBeanFactory()
                            .registerSingleton(filter.getClass().getName(), filter)))
                    .run(properties.entrySet().stream()
                            .map(entry -> "--" + entry.getKey() + "=" + entry.getValue())
                            .toArray(String[]::new)));
        }
    }

    /** @param supabaseUrl its service key is {@code serviceKey} */
    public static Builder of(String supabaseUrl, String serviceKey) {
        return new Builder()
                .with("server.port", 0)
                .with("management.server.port", -1)
                .with("sluice.supabase.url", supabaseUrl)
                .with("sluice.supabase.service-key", serviceKey);
    }

    public int port() {
        return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
    }

    public String url() {
        return "http://127.0.0.1:" + port();
    }

    @Override
    public void close() {
        context.close();
    }

    /** The parts under test. No stereotype: the component scan of a whole edge in the same tests must not find it. */
    @EnableAutoConfiguration(
            exclude = {
                MicrometerTracingAutoConfiguration.class,
                LettuceObservationAutoConfiguration.class,
                GatewayMetricsAutoConfiguration.class
            })
    @ComponentScan({
        "dev.sluice.problem",
        "dev.sluice.tracing",
        "dev.sluice.exchange",
        "dev.sluice.supabase",
        "dev.sluice.intent",
        "dev.sluice.signedurl",
        "dev.sluice.upload"
    })
    static class Application {

        @Bean
        Clock clock() {
            return Clock.systemUTC();
        }

        /** Its own event loops: closing one edge would otherwise stop the servers of all others in this JVM. */
        @Bean
        ReactorResourceFactory reactorResourceFactory() {
            ReactorResourceFactory factory = new ReactorResourceFactory();
            factory.setUseGlobalResources(false);
            factory.setShutdownQuietPeriod(Edge.QUIET);
            return factory;
        }

        @Bean
        ClaimedGatewayFilterFactory claimed() {
            return new ClaimedGatewayFilterFactory();
        }

        @Bean
        BrokenGatewayFilterFactory broken() {
            return new BrokenGatewayFilterFactory();
        }
    }

    /** Fails as no program should, with an answer half made. */
    static final class BrokenGatewayFilterFactory extends AbstractGatewayFilterFactory<Object> {

        @Override
        public GatewayFilter apply(Object config) {
            return (exchange, chain) -> {
                exchange.getResponse().getHeaders().set("Content-Encoding", "gzip");
                throw new IllegalStateException("an internal detail");
            };
        }
    }

    /** Believes what the request says of itself. */
    static final class ClaimedGatewayFilterFactory extends AbstractGatewayFilterFactory<Object> {

        @Override
        public GatewayFilter apply(Object config) {
            return (exchange, chain) -> {
                String user = exchange.getRequest().getHeaders().getFirst("claimed-user");
                if (user != null) {
                    Caller.ATTRIBUTE.set(
                            exchange,
                            new Caller(
                                    user,
                                    null,
                                    null,
                                    exchange.getRequest().getHeaders().getFirst("claimed-token")));
                    return chain.filter(exchange.mutate()
                            .request(request -> request.headers(headers -> {
                                headers.set("X-User-Id", user);
                                headers.remove("X-Api-Key-Id");
                            }))
                            .build());
                }
                return chain.filter(exchange);
            };
        }
    }
}
