package dev.sluice.peers;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.gateway.filter.ratelimit.KeyResolver;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.publisher.Mono;

/** Spring Cloud Gateway with the route of an upload: plain, or with its own RequestRateLimiter, which never refuses. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class Gateway {

    private static final String ROUTE = "spring.cloud.gateway.server.webflux.routes[0].";

    /** @param arguments port, URI of Redis, address of the backend, {@code plain} or {@code limiter} */
    public static void main(String[] arguments) throws IOException {
        Map<String, String> settings = new HashMap<>(Map.of(
                "server.port",
                arguments[0],
                "spring.data.redis.url",
                arguments[1],
                ROUTE + "id",
                "upload",
                ROUTE + "uri",
                arguments[2],
                ROUTE + "predicates[0]",
                "Method=PUT,POST",
                ROUTE + "predicates[1]",
                "Path=/v1/upload/{bucket}/**",
                ROUTE + "filters[0].name",
                "RewritePath",
                ROUTE + "filters[0].args.regexp",
                "/v1/upload/(?<object>.*)",
                ROUTE + "filters[0].args.replacement",
                "/storage/v1/object/$\\{object}"));
        if (arguments[3].equals("limiter")) {
            settings.put(ROUTE + "filters[1].name", "RequestRateLimiter");
            settings.put(ROUTE + "filters[1].args.key-resolver", "#{@caller}");
            settings.put(ROUTE + "filters[1].args.redis-rate-limiter.replenishRate", "1000000");
            settings.put(ROUTE + "filters[1].args.redis-rate-limiter.burstCapacity", "1000000");
        }
        Settings.application(Gateway.class, settings).run();
    }

    @Bean
    KeyResolver caller() {
        return exchange -> Mono.justOrEmpty(exchange.getRequest().getHeaders().getFirst(Counter.CALLER));
    }
}
