package dev.sluice.caller;

import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RequestContext;
import dev.sluice.problem.ProblemException;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * {@code Authenticate}: establishes who is asking, sets {@link Caller#ATTRIBUTE}, and tells backends by
 * {@code X-User-Id}, {@code X-Api-Key-Id} and {@code X-Request-Id}. A credential that was not verified here never goes
 * upstream, and an API key never does.
 */
public final class AuthenticateGatewayFilterFactory extends AbstractGatewayFilterFactory<Object> {

    private final Authenticator authenticator;
    private final TrustedPeers trusted;
    private final FailedAttempts failures;
    private final ClientAddress clientAddress;

    AuthenticateGatewayFilterFactory(
            Authenticator authenticator, TrustedPeers trusted, FailedAttempts failures, ClientAddress clientAddress) {
        this.authenticator = authenticator;
        this.trusted = trusted;
        this.failures = failures;
        this.clientAddress = clientAddress;
    }

    @Override
    public GatewayFilter apply(Object config) {
        return (exchange, chain) -> {
            RequestContext context = RequestContext.of(exchange);
            Credential credential = Credential.of(exchange.getRequest().getHeaders(), trusted.sent(exchange));
            return authenticator
                    .authenticate(credential, context.timings())
                    .onErrorMap(ProblemException.class, refused -> failures.count(clientAddress.of(exchange), refused))
                    .flatMap(caller -> {
                        Caller.ATTRIBUTE.set(exchange, caller);
                        return chain.filter(as(caller, exchange, context.requestId()));
                    });
        };
    }

    private static ServerWebExchange as(Caller caller, ServerWebExchange exchange, String requestId) {
        return exchange.mutate()
                .request(request -> request.headers(headers -> {
                    headers.remove(Credential.API_KEY);
                    headers.remove(Credential.API_KEY_ID);
                    if (caller.accessToken() == null) {
                        headers.remove(HttpHeaders.AUTHORIZATION);
                    }
                    headers.set(Credential.USER_ID, UserId.inHeader(caller.userId()));
                    if (caller.apiKeyId() != null) {
                        headers.set(Credential.API_KEY_ID, UserId.inHeader(caller.apiKeyId()));
                    }
                    headers.set(RequestContext.REQUEST_ID_HEADER, requestId);
                }))
                .build();
    }
}
