package dev.sluice.caller;

import dev.sluice.caller.FailedAttempts.Standing;
import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RequestContext;
import dev.sluice.problem.ProblemException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * {@code Authenticate[=supabase|signed-upload]}: establishes who is asking, sets {@link Caller#ATTRIBUTE}, and tells backends
 * by {@code X-User-Id}, {@code X-Api-Key-Id} and {@code X-Request-Id}. A credential that was not verified here never goes
 * upstream, and an API key never does.
 *
 * <p>The two forms with an argument are for what Supabase's own clients send to storage, and let the keys of the project
 * and the tokens of signed URLs pass to it as well, which storage verifies.
 */
public final class AuthenticateGatewayFilterFactory
        extends AbstractGatewayFilterFactory<AuthenticateGatewayFilterFactory.Config> {

    /** What is taken for a credential. */
    public enum Accept {

        /** API keys and access tokens. */
        USERS,

        /** These, and the project's own keys in {@code apikey} or {@code Authorization}. */
        SUPABASE,

        /** The token of a signed upload URL and nothing else. */
        SIGNED_UPLOAD
    }

    /** @param accept the filter's only argument */
    public record Config(@DefaultValue("users") Accept accept) {}

    private final Authenticator authenticator;
    private final SignedUploads signedUploads;
    private final TrustedPeers trusted;
    private final FailedAttempts failures;
    private final ClientAddress clientAddress;

    AuthenticateGatewayFilterFactory(
            Authenticator authenticator,
            SignedUploads signedUploads,
            TrustedPeers trusted,
            FailedAttempts failures,
            ClientAddress clientAddress) {
        super(Config.class);
        this.authenticator = authenticator;
        this.signedUploads = signedUploads;
        this.trusted = trusted;
        this.failures = failures;
        this.clientAddress = clientAddress;
    }

    @Override
    public List<String> shortcutFieldOrder() {
        return List.of("accept");
    }

    @Override
    public GatewayFilter apply(Config config) {
        return (exchange, chain) -> {
            Credential credential = credential(config.accept(), exchange);
            Caller known = credential == null ? null : authenticator.known(credential);
            return known != null
                    ? passOn(known, exchange, chain)
                    : established(config.accept(), credential, exchange)
                            .flatMap(caller -> passOn(caller, exchange, chain));
        };
    }

    private static Mono<Void> passOn(Caller caller, ServerWebExchange exchange, GatewayFilterChain chain) {
        Caller.ATTRIBUTE.set(exchange, caller);
        return chain.filter(as(caller, exchange, RequestContext.of(exchange).requestId()));
    }

    /** Null where none is taken but the token of a signed URL. */
    private @Nullable Credential credential(Accept accept, ServerWebExchange exchange) {
        HttpHeaders headers = exchange.getRequest().getHeaders();
        return switch (accept) {
            case USERS -> Credential.of(headers, trusted.sent(exchange));
            case SUPABASE -> Credential.ofSupabaseClient(headers, trusted.sent(exchange));
            case SIGNED_UPLOAD -> null;
        };
    }

    private Mono<Caller> established(Accept accept, @Nullable Credential credential, ServerWebExchange exchange) {
        RequestContext context = RequestContext.of(exchange);
        String network = clientAddress.networkOf(exchange);
        Mono<Caller> caller = credential == null
                ? signedUploads.caller(exchange, network)
                : caller(accept, credential, network, context);
        return caller.onErrorMap(ProblemException.class, refused -> failures.count(network, refused));
    }

    private Mono<Caller> caller(Accept accept, Credential credential, String network, RequestContext context) {
        Standing standing = failures.of(network);
        if (standing == Standing.BARRED && authenticator.wouldLookUpAStranger(credential)) {
            return Mono.error(failures.refusal(network));
        }
        return accept == Accept.USERS
                ? authenticator.authenticate(credential, standing, context.timings())
                : authenticator.authenticateSupabaseClient(credential, network, standing, context.timings());
    }

    private static ServerWebExchange as(Caller caller, ServerWebExchange exchange, String requestId) {
        return exchange.mutate()
                .request(new CallersRequest(exchange.getRequest(), caller, requestId))
                .build();
    }
}
