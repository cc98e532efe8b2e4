package dev.sluice.supabase;

import dev.sluice.tracing.HttpCalls;
import io.micrometer.observation.ObservationRegistry;
import io.netty.channel.ChannelOption;
import java.net.URI;
import java.time.Duration;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreakerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.HttpHeaders;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SupabaseProperties.class)
class SupabaseConfiguration {

    private static final String STORAGE = "/storage/v1";
    private static final int MAX_CONNECTIONS = 256;
    private static final int MAX_PENDING = 512;
    private static final int MAX_ANSWER_BYTES = 4 * 1024 * 1024;
    private static final int MAX_STORAGE_ANSWER_BYTES = 64 * 1024;

    @Bean
    PostgRest postgRest(
            SupabaseProperties properties, WebClient.Builder builder, ReactiveCircuitBreakerFactory<?, ?> breakers) {
        HttpClient http = httpClient("sluice-postgrest", properties.timeout());
        WebClient client = traced(builder)
                .clientConnector(new ReactorClientHttpConnector(http))
                .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(MAX_ANSWER_BYTES))
                .baseUrl(properties.url() + "/rest/v1")
                .defaultHeader("apikey", properties.serviceKey())
                .defaultHeader(HttpHeaders.AUTHORIZATION, "Bearer " + properties.serviceKey())
                .build();
        return new PostgRest(client, breakers.create("postgrest"), properties.timeout());
    }

    @Bean
    StorageApi storageApi(
            SupabaseProperties properties, WebClient.Builder builder, ReactiveCircuitBreakerFactory<?, ?> breakers) {
        return new StorageApi(
                storageClient("sluice-storage", properties, builder),
                URI.create(properties.url() + STORAGE),
                properties.serviceKey(),
                breakers.create("storage"),
                breakers.create("storage-uploads"),
                properties.timeout());
    }

    @Bean
    StoredUploads storedUploads(
            SupabaseProperties properties, WebClient.Builder builder, ReactiveCircuitBreakerFactory<?, ?> breakers) {
        return new StoredUploads(
                storageClient("sluice-storage-background", properties, builder),
                URI.create(properties.url() + STORAGE),
                properties.serviceKey(),
                breakers.create("storage"),
                properties.timeout());
    }

    private static WebClient storageClient(String name, SupabaseProperties properties, WebClient.Builder builder) {
        HttpClient http = httpClient(name, properties.timeout()).disableRetry(true);
        return traced(builder)
                .clientConnector(new ReactorClientHttpConnector(http))
                .codecs(codecs -> codecs.defaultCodecs().maxInMemorySize(MAX_STORAGE_ANSWER_BYTES))
                .build();
    }

    /** Observations would be made for every request, sampled or not; how the calls go is known of the circuits and stages. */
    private static WebClient.Builder traced(WebClient.Builder builder) {
        return builder.clone().observationRegistry(ObservationRegistry.NOOP).filter(HttpCalls.traced());
    }

    static HttpClient httpClient(String name, Duration timeout) {
        ConnectionProvider pool = ConnectionProvider.builder(name)
                .maxConnections(MAX_CONNECTIONS)
                .pendingAcquireMaxCount(MAX_PENDING)
                .pendingAcquireTimeout(timeout)
                .maxIdleTime(Duration.ofSeconds(30))
                .metrics(true)
                .build();
        return UnreadAnswers.watched(HttpClient.create(pool))
                .followRedirect(false)
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) Math.min(timeout.toMillis(), 2000));
    }
}
