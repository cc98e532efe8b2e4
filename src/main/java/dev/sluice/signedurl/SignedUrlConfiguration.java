package dev.sluice.signedurl;

import dev.sluice.admission.IdLife;
import dev.sluice.release.PendingUploads;
import dev.sluice.release.ReleaseProperties;
import dev.sluice.release.UnusedUploads;
import dev.sluice.release.UploadProbe;
import dev.sluice.supabase.StorageApi;
import dev.sluice.supabase.SupabaseProperties;
import java.time.Clock;
import java.time.Duration;
import java.util.Objects;
import org.springframework.beans.factory.ObjectProvider;
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
        UploadProbe s3Probe(
                S3Presigner presigner,
                S3Properties properties,
                SupabaseProperties supabase,
                WebClient.Builder builder) {
            return new S3Probe(
                    builder.clone().build(), presigner, properties.endpoint(supabase.url()), supabase.timeout());
        }

        /** A batch is waited for no longer than the largest upload. */
        @Bean
        Reservations s3Reservations(
                PendingUploads pending, SignedUrlProperties urls, ReleaseProperties release, Clock clock) {
            Duration life = urls.expiresIn(Access.UPLOAD);
            return new Reservations(
                    pending, bytes -> life.plus(release.after(Math.min(bytes, S3Signer.MAX_BYTES))), clock);
        }

        @Bean
        IdLife s3IdLife(SignedUrlProperties urls, ReleaseProperties release) {
            Duration longest = urls.expiresIn(Access.UPLOAD).plus(release.after(S3Signer.MAX_BYTES));
            return new IdLife(
                    longest.plus(UnusedUploads.PATIENCE),
                    "sluice.signed-url.expires-in, sluice.upload.release-grace and sluice.upload.release-min-rate");
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
