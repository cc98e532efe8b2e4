package dev.sluice.peers;

import static org.springframework.web.reactive.function.server.RequestPredicates.POST;
import static org.springframework.web.reactive.function.server.RouterFunctions.route;

import java.io.IOException;
import java.util.Map;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;
import org.springframework.http.MediaType;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.ServerResponse;

/** One decision in Redis, answered by a function of WebFlux, with Spring Boot's observations. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class BareWebFlux {

    /** Else it makes a limiter although the gateway is off. */
    private static final String GATEWAY_REDIS =
            "org.springframework.cloud.gateway.config.GatewayRedisAutoConfiguration";

    /** @param arguments port, URI of Redis */
    public static void main(String[] arguments) throws IOException {
        Settings.application(
                        BareWebFlux.class,
                        Map.of(
                                "server.port",
                                arguments[0],
                                "spring.data.redis.url",
                                arguments[1],
                                "spring.cloud.gateway.server.webflux.enabled",
                                "false",
                                "spring.autoconfigure.exclude",
                                GATEWAY_REDIS))
                .run();
    }

    @Bean
    RouterFunction<ServerResponse> sign(Environment environment) {
        Counter counter = Counter.connect(environment.getRequiredProperty("spring.data.redis.url"));
        return route(POST("/v1/supabase/signed-url"), request -> {
            String caller = request.headers().firstHeader(Counter.CALLER);
            return counter.count(caller == null ? "" : caller)
                    .flatMap(count -> ServerResponse.ok()
                            .contentType(MediaType.APPLICATION_JSON)
                            .bodyValue(Counter.ANSWER));
        });
    }
}
