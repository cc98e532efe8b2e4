package dev.sluice.browser;

import java.util.List;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.cors.reactive.CorsWebFilter;
import org.springframework.web.server.WebFilter;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(CorsProperties.class)
class BrowserConfiguration {

    private static final List<String> METHODS = List.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

    /** After the request's context has begun, so that every answer has an id; before all that could refuse. */
    @Bean
    @Order(Ordered.HIGHEST_PRECEDENCE + 20)
    WebFilter corsFilter(CorsProperties cors) {
        if (cors.isOff()) {
            return (exchange, chain) -> chain.filter(exchange);
        }
        CorsConfiguration rules = new CorsConfiguration();
        for (String origin : cors.allowedOrigins()) {
            if (origin.length() > 1 && origin.indexOf('*') >= 0) {
                rules.addAllowedOriginPattern(origin);
            } else {
                rules.addAllowedOrigin(origin);
            }
        }
        rules.setAllowedMethods(METHODS);
        rules.addAllowedHeader(CorsConfiguration.ALL);
        rules.setExposedHeaders(cors.exposedHeaders());
        rules.setAllowCredentials(cors.allowCredentials());
        rules.setMaxAge(cors.maxAge());
        return new CorsWebFilter(exchange -> rules);
    }

    @Bean
    HttpHeadersFilter backendCorsHeaders(CorsProperties cors) {
        return new BackendCorsHeaders(cors.isOff());
    }
}
