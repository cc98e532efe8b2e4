package dev.sluice.signedurl;

import dev.sluice.admission.UsageSink;
import dev.sluice.redis.Periodic;
import dev.sluice.redis.RedisConnection;
import dev.sluice.release.PendingUploads;
import dev.sluice.release.UnusedUploads;
import dev.sluice.supabase.StorageApi;
import dev.sluice.supabase.SupabaseProperties;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.Objects;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.beans.factory.annotation.Qualifier;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.web.reactive.function.client.WebClient;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SignedUrlProperties.class)
class SignedUrlConfiguration {

    /** The properties come first, so that a signer which does not exist is reported as that, not as a missing bean. */
    @Bean
    SupabaseSignedUrlGatewayFilterFactory supabaseSignedUrlGatewayFilterFactory(
            SignedUrlProperties properties, Signer signer, ObjectProvider<Reservations> reservations) {
        return new SupabaseSignedUrlGatewayFilterFactory(
                new SignedUrls(signer, properties, reservations.getIfAvailable()));
    }

    @Bean
    GlobalFilter signedUrlCheck() {
        return new SignedUrlCheck();
    }

    /** Storage signs. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnProperty(name = "sluice.signed-url.signer", havingValue = "server", matchIfMissing = true)
    static class Server {

        @Bean
        Signer serverSigner(StorageApi storage, SupabaseProperties supabase, Clock clock) {
            return new ServerSigner(storage, PublicUrls.of(supabase), clock);
        }
    }

    /** This process signs, for storage's S3 endpoint. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnProperty(name = "sluice.signed-url.signer", havingValue = "s3")
    @EnableConfigurationProperties(S3Properties.class)
    static class S3 {

        @Bean
        S3Presigner s3Presigner(S3Properties properties, Clock clock) {
            return new S3Presigner(properties, clock);
        }

        @Bean
        PendingUploads pendingUploads(RedisConnection edgeRedis) {
            return new PendingUploads(edgeRedis);
        }

        @Bean
        Periodic unusedUploads(
                S3Presigner presigner,
                S3Properties properties,
                SupabaseProperties supabase,
                WebClient.Builder builder,
                @Qualifier("backgroundRedis") RedisConnection redis,
                UsageSink usage,
                Clock clock,
                MeterRegistry metrics) {
            S3Probe probe = new S3Probe(
                    builder.clone().build(), presigner, properties.endpoint(supabase.url()), supabase.timeout());
            UnusedUploads unused = new UnusedUploads(
                    new PendingUploads(redis), probe, usage, clock, properties.releaseInterval(), metrics);
            return new Periodic(properties.releaseInterval(), unused::look);
        }

        @Bean
        Reservations s3Reservations(
                PendingUploads pending, SignedUrlProperties urls, S3Properties properties, Clock clock) {
            return new Reservations(pending, urls.expiresIn(Access.UPLOAD).plus(properties.releaseGrace()), clock);
        }

        @Bean
        Signer s3Signer(S3Presigner presigner, S3Properties properties, SupabaseProperties supabase) {
            return new S3Signer(
                    presigner, properties.publicEndpoint(Objects.requireNonNull(supabase.publicUrl(), "publicUrl")));
        }
    }

    /** This process signs. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnProperty(name = "sluice.signed-url.signer", havingValue = "local")
    static class Local {

        @Bean
        TokenMint tokenMint(SupabaseProperties supabase, Clock clock) {
            return new TokenMint(
                    supabase.jwtSecret().stream()
                            .findFirst()
                            .orElseThrow(() -> new IllegalStateException(
                                    "sluice.supabase.jwt-secret must be set to the project's JWT secret, at least 32"
                                            + " bytes, for sluice.signed-url.signer=local (environment"
                                            + " SUPABASE_JWT_SECRET)")),
                    clock);
        }

        @Bean
        LocalSignerSelfTest localSignerSelfTest(TokenMint mint, StorageApi storage) {
            return new LocalSignerSelfTest(mint, storage);
        }

        @Bean
        Signer localSigner(TokenMint mint, SupabaseProperties supabase, LocalSignerSelfTest selfTest) {
            return new LocalSigner(mint, PublicUrls.of(supabase), selfTest::refused);
        }
    }
}
