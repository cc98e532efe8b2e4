package dev.sluice.upload;

import dev.sluice.admission.SizeLimit;
import dev.sluice.exchange.UploadPaceFilter;
import dev.sluice.intent.UnknownLength;
import dev.sluice.supabase.SupabaseProperties;
import dev.sluice.supabase.UnreadAnswers;
import io.micrometer.core.instrument.MeterRegistry;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.config.HttpClientCustomizer;
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
    GlobalFilter uploadFilter(SupabaseProperties supabase, UploadMeters meters, UploadProperties properties) {
        return new UploadFilter(
                new Credentials(supabase.url(), supabase.serviceKey()),
                meters,
                new StorageAnswers(supabase.url()),
                properties.answerTimeout());
    }

    @Bean
    @ConditionalOnProperty(name = "sluice.upload.unknown-length", havingValue = "spool")
    UnknownLength spool(UploadProperties properties, SizeLimit sizes, UploadPaceFilter pace, MeterRegistry registry) {
        return new Spool(properties.spool(), properties.maxSpoolSize().toBytes(), sizes, pace, registry);
    }

    @Bean
    GlobalFilter sparedBytesFilter(UploadMeters meters) {
        return new SparedBytesFilter(meters);
    }

    @Bean
    GlobalFilter answerMeterFilter(UploadMeters meters) {
        return new AnswerMeterFilter(meters);
    }

    /** Of the client with which the gateway proxies. */
    @Bean
    HttpClientCustomizer unreadAnswers() {
        return UnreadAnswers::watched;
    }

    @Bean
    GlobalFilter unreadAnswersFilter() {
        return new UnreadAnswersFilter();
    }
}
