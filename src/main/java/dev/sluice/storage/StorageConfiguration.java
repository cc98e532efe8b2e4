package dev.sluice.storage;

import dev.sluice.admission.UsageSink;
import dev.sluice.exchange.PublicAddress;
import dev.sluice.redis.RedisConnection;
import dev.sluice.release.PendingUploads;
import dev.sluice.release.ReleaseProperties;
import dev.sluice.release.UploadProbe;
import dev.sluice.supabase.StorageApi;
import dev.sluice.supabase.StoredUploads;
import dev.sluice.supabase.SupabaseProperties;
import java.time.Clock;
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
    UploadProbe resumableProbe(StoredUploads uploads) {
        return new ResumableProbe(uploads);
    }

    @Bean
    Reservations resumableReservations(
            PendingUploads pending,
            RedisConnection edgeRedis,
            UsageSink usage,
            ReleaseProperties properties,
            Clock clock) {
        return new Reservations(
                pending, edgeRedis, usage, properties.resumableExpiry().plus(properties.releaseGrace()), clock);
    }

    @Bean
    ResumableUploadGatewayFilterFactory resumableUploadGatewayFilterFactory(
            PublicAddress addresses, StorageApi storage, Reservations reservations) {
        return new ResumableUploadGatewayFilterFactory(new Locations(addresses), new Remainders(storage), reservations);
    }
}
