package dev.sluice.storage;

import dev.sluice.exchange.PublicAddress;
import dev.sluice.supabase.StorageApi;
import dev.sluice.supabase.SupabaseProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.server.WebFilter;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
class StorageConfiguration {

    @Bean
    WebFilter storagePathFilter() {
        return new StoragePathFilter();
    }

    @Bean
    GlobalFilter passedOnFilter(SupabaseProperties supabase) {
        return new PassedOnFilter(supabase.url());
    }

    @Bean
    ResumableUploadGatewayFilterFactory resumableUploadGatewayFilterFactory(
            PublicAddress addresses, StorageApi storage) {
        return new ResumableUploadGatewayFilterFactory(new Locations(addresses), new Remainders(storage));
    }
}
