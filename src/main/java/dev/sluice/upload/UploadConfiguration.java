package dev.sluice.upload;

import dev.sluice.supabase.SupabaseProperties;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(UploadProperties.class)
class UploadConfiguration {

    @Bean
    UploadMeters uploadMeters(MeterRegistry registry) {
        return new UploadMeters(registry);
    }

    @Bean
    GlobalFilter uploadFilter(SupabaseProperties supabase, UploadMeters meters) {
        return new UploadFilter(new Credentials(supabase.url(), supabase.serviceKey()), meters);
    }

    @Bean
    GlobalFilter answerMeterFilter(UploadMeters meters) {
        return new AnswerMeterFilter(meters);
    }
}
