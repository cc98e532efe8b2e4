package dev.sluice.tracing;

import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.prometheus.metrics.tracer.common.SpanContext;
import java.time.Clock;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.Environment;

/** The beans of this package; exporters are Spring Boot's. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(TracingProperties.class)
class TracingConfiguration {

    private static final String PROBABILITY = "management.tracing.sampling.probability";

    /** A span is begun only for a request that was sampled. */
    @Bean
    Sampler everySpan() {
        return Sampler.alwaysOn();
    }

    /** @throws IllegalArgumentException if the probability is none */
    @Bean
    Traces traces(
            Tracer tracer,
            ObjectProvider<SpanExporter> exporters,
            Environment environment,
            TracingProperties properties,
            Clock clock) {
        double probability = environment.getProperty(PROBABILITY, Double.class, 0.05);
        if (!(probability >= 0 && probability <= 1)) {
            throw new IllegalArgumentException(
                    PROBABILITY + " must be a share from 0 to 1, for example 0.05 for 5 %, but is " + probability);
        }
        boolean exported = exporters.iterator().hasNext();
        return new Traces(tracer, exported ? probability : 0, properties.trustParent(), clock);
    }

    /**
     * Lets Spring Boot's exemplars find the tracer now. They would look for it under a lock at the first figures, which event
     * loops record, several at once.
     */
    @Bean
    SmartInitializingSingleton exemplarsKnowTheTracer(ObjectProvider<SpanContext> current) {
        return () -> current.ifAvailable(SpanContext::isCurrentSpanSampled);
    }

    @Bean
    HttpClientCustomizer tracedBackends() {
        return HttpCalls::traced;
    }
}
