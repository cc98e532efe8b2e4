package dev.sluice.signedurl;

import dev.sluice.supabase.StorageApi;
import dev.sluice.supabase.SupabaseProperties;
import java.time.Clock;
import org.springframework.boot.autoconfigure.condition.ConditionalOnProperty;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(SignedUrlProperties.class)
class SignedUrlConfiguration {

    /** The properties come first, so that a signer which does not exist is reported as that, not as a missing bean. */
    @Bean
    SupabaseSignedUrlGatewayFilterFactory supabaseSignedUrlGatewayFilterFactory(
            SignedUrlProperties properties, Signer signer) {
        return new SupabaseSignedUrlGatewayFilterFactory(new SignedUrls(signer, properties));
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
