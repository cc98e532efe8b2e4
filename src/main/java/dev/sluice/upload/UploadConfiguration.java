package dev.sluice.upload;

import dev.sluice.supabase.SupabaseProperties;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(UploadProperties.class)
class UploadConfiguration {

    @Bean
    GlobalFilter uploadFilter(SupabaseProperties supabase) {
        return new UploadFilter(new Credentials(supabase.url(), supabase.serviceKey()));
    }
}
