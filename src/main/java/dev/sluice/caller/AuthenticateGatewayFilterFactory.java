package dev.sluice.caller;

import dev.sluice.caller.FailedAttempts.Standing;
import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RequestContext;
import dev.sluice.problem.ProblemException;
import java.util.List;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.cloud.gateway.filter.GatewayFilter;
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
            RequestContext context = RequestContext.of(exchange);
            String network = clientAddress.networkOf(exchange);
            return caller(config.accept(), exchange, network, context)
                    .onErrorMap(ProblemException.class, refused -> failures.count(network, refused))
                    .flatMap(caller -> {
                        Caller.ATTRIBUTE.set(exchange, caller);
                        return chain.filter(as(caller, exchange, context.requestId()));
                    });
        };
    }

    private Mono<Caller> caller(Accept accept, ServerWebExchange exchange, String network, RequestContext context) {
        if (accept == Accept.SIGNED_UPLOAD) {
            return signedUploads.caller(exchange, network);
        }
        HttpHeaders headers = exchange.getRequest().getHeaders();
        Credential credential = accept == Accept.USERS
                ? Credential.of(headers, trusted.sent(exchange))
                : Credential.ofSupabaseClient(headers, trusted.sent(exchange));
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
