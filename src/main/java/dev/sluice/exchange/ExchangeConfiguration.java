package dev.sluice.exchange;

import dev.sluice.problem.ProblemWriter;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.server.WebExceptionHandler;
import org.springframework.web.server.WebFilter;
import tools.jackson.databind.json.JsonMapper;

/** The beans of this package, and the writer of its refusals. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(ClientAddressProperties.class)
class ExchangeConfiguration {

    @Bean
    ProblemWriter problemWriter(JsonMapper json) {
        return new ProblemWriter(json);
    }

    @Bean
    WebFilter requestContextFilter(MeterRegistry registry) {
        // The first id seeds the generator, which may block: here, not on the event loop of the first request.
        SortableIds.next();
        return new RequestContextFilter(new RequestMetrics(registry));
    }

    @Bean
    WebExceptionHandler problemHandler(ProblemWriter writer) {
        return new ProblemHandler(writer);
    }

    @Bean
    ClientAddress clientAddress(ClientAddressProperties properties) {
        return new ClientAddress(properties.ranges());
    }
}
