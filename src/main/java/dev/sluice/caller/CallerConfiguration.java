package dev.sluice.caller;

import dev.sluice.exchange.ClientAddress;
import dev.sluice.redis.RedisConnection;
import dev.sluice.redis.RedisProperties;
import dev.sluice.supabase.PostgRest;
import dev.sluice.supabase.SupabaseProperties;
import io.netty.channel.ChannelOption;
import java.time.Clock;
import java.util.Objects;
import org.springframework.boot.context.properties.EnableConfigurationProperties;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreakerFactory;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import tools.jackson.databind.json.JsonMapper;

/** The beans of this package. */
@Configuration(proxyBeanMethods = false)
@EnableConfigurationProperties(IdentityProperties.class)
class CallerConfiguration {

    private static final int KEY_FETCHES = 2;

    /** The database by a circuit and a bulkhead of its own: a flood of keys must not take the admissions' calls. */
    @Bean
    ApiKeys apiKeys(
            IdentityProperties identity,
            RedisProperties redisProperties,
            RedisConnection redis,
            PostgRest database,
            ReactiveCircuitBreakerFactory<?, ?> breakers,
            JsonMapper json) {
        return new ApiKeys(
                new LocalIdentities(identity.cacheTtl(), System::nanoTime),
                new SharedIdentities(redis, json, identity.cacheTtl(), System::nanoTime),
                database.behind(breakers.create("postgrest-keys")),
                redisProperties.timeout(),
                System::nanoTime);
    }

    /** Made without the service key: the published keys may be anywhere. */
    @Bean
    AccessTokens accessTokens(SupabaseProperties supabase, WebClient.Builder builder) {
        Clock clock = Clock.systemUTC();
        AccessTokenClaims claims = new AccessTokenClaims(Objects.requireNonNull(supabase.jwtIssuer()), clock);
        HttpClient http = HttpClient.create(ConnectionProvider.create("sluice-jwks", KEY_FETCHES))
                .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int)
                        Math.min(supabase.timeout().toMillis(), 2000));
        WebClient client = builder.clone()
                .clientConnector(new ReactorClientHttpConnector(http))
                .build();
        SigningKeys published = new SigningKeys(
                client, Objects.requireNonNull(supabase.jwksUrl()), supabase.timeout(), claims, System::nanoTime);
        return new AccessTokens(supabase.jwtSecret(), published, claims, clock, System::nanoTime);
    }

    @Bean
    TrustedPeers trustedPeers(IdentityProperties identity) {
        return new TrustedPeers(identity.trustedRanges());
    }

    @Bean
    GlobalFilter untrustedIdentityFilter(TrustedPeers trusted) {
        return new UntrustedIdentityFilter(trusted);
    }

    @Bean
    AuthenticateGatewayFilterFactory authenticateGatewayFilterFactory(
            ApiKeys keys,
            AccessTokens tokens,
            SupabaseProperties properties,
            TrustedPeers trusted,
            ClientAddress clientAddress) {
        ProjectTokens project = new ProjectTokens(properties.jwtSecret(), Clock.systemUTC());
        SupabaseCallers supabase = new SupabaseCallers(tokens, project, properties.serviceKey());
        return new AuthenticateGatewayFilterFactory(
                new Authenticator(keys, tokens, supabase),
                new SignedUploads(project),
                trusted,
                new FailedAttempts(System::nanoTime),
                clientAddress);
    }
}
