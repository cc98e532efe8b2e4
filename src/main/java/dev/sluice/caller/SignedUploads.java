package dev.sluice.caller;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.security.oauth2.jwt.Jwt;
import org.springframework.security.oauth2.jwt.JwtException;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Whose an upload with a token is: the owner's that storage wrote into it, if it can be verified, else the network's that it
 * came from. Storage itself asks nobody but the token (recorded behaviour), and so does this.
 */
final class SignedUploads {

    private static final String QUERY = "token";
    private static final String HEADER = "x-signature";
    private static final String UPLOAD = "upload";

    private final ProjectTokens project;

    SignedUploads(ProjectTokens project) {
        this.project = project;
    }

    /**
     * Never empty: fails with UNAUTHENTICATED if there is no token, or a verified one is over or for something else.
     *
     * @param network of the client
     */
    Mono<Caller> caller(ServerWebExchange exchange, String network) {
        return Mono.defer(() -> {
            String token = token(exchange);
            if (token == null) {
                return Mono.error(
                        Refusals.unauthenticated("Send one upload token, as the parameter token or in x-signature"));
            }
            return project.verify(token)
                    .onErrorMap(JwtException.class, over -> Refusals.invalidToken("The upload token has expired"))
                    .map(verified -> owner(exchange, verified, network))
                    .defaultIfEmpty(SupabaseCallers.anonymous(network));
        });
    }

    private static Caller owner(ServerWebExchange exchange, Jwt token, String network) {
        String object = token.getClaimAsString("url");
        if (object == null || !isForUpload(token)) {
            throw Refusals.invalidToken("The token is not one for an upload");
        }
        SignedUpload.ATTRIBUTE.set(exchange, new SignedUpload(object));
        String owner = token.getClaimAsString("owner");
        return owner != null && UserId.isValid(owner)
                ? new Caller(owner, null, null, null, true)
                : SupabaseCallers.anonymous(network);
    }

    /** Storage before June 2026 wrote no scope; only its upload tokens said {@code upsert}. */
    private static boolean isForUpload(Jwt token) {
        return token.hasClaim("scope") ? UPLOAD.equals(token.getClaimAsString("scope")) : token.hasClaim("upsert");
    }

    private static @Nullable String token(ServerWebExchange exchange) {
        List<String> inHeader = exchange.getRequest().getHeaders().getOrEmpty(HEADER);
        List<String> inQuery = exchange.getRequest().getQueryParams().getOrDefault(QUERY, List.of());
        if (inHeader.size() + inQuery.size() != 1) {
            return null;
        }
        return inHeader.isEmpty() ? inQuery.get(0) : inHeader.get(0);
    }
}
