package dev.sluice.caller;

import com.nimbusds.jwt.JWTClaimsSet;
import java.text.ParseException;
import org.springframework.security.oauth2.jwt.JwtException;
import reactor.core.publisher.Mono;

/**
 * Whose a request of a Supabase client is, by the credential that the project's gateway would take: a user's access token,
 * which is verified as ever; the project's anonymous key, whose holders are told apart by their network; or its service key.
 *
 * <p>A key that cannot be verified here is nobody's but the network's that it came from: it gains nothing by what it claims,
 * because it goes on as it is and storage verifies it.
 */
final class SupabaseCallers {

    /** The user id of the service key's holders, and the plan by which their limits can be set. */
    static final String SERVICE = "service";

    /** The plan by which the limits of anonymous callers can be set; their user ids begin with it. */
    static final String ANONYMOUS = "anon";

    private final AccessTokens tokens;
    private final ProjectTokens project;
    private final String serviceKeyHash;

    SupabaseCallers(AccessTokens tokens, ProjectTokens project, String serviceKey) {
        this.tokens = tokens;
        this.project = project;
        this.serviceKeyHash = Sha256.hex(serviceKey);
    }

    /** The caller without any identity but the network's. */
    static Caller anonymous(String network) {
        return new Caller(ANONYMOUS + ":" + network, null, ANONYMOUS, null, true);
    }

    private static Caller service() {
        return new Caller(SERVICE, null, SERVICE, null, true);
    }

    /**
     * Never empty: fails with UNAUTHENTICATED for a token that claims a user and is not that user's.
     *
     * @param credential an access token or a key of the project
     * @param network of the client
     */
    Mono<Caller> caller(String credential, String network) {
        return Mono.defer(() -> {
            if (Sha256.isSame(serviceKeyHash, Sha256.hex(credential))) {
                return Mono.just(service());
            }
            if (credential.startsWith(Credential.OPAQUE)) {
                return Mono.just(anonymous(network));
            }
            return switch (role(credential)) {
                case ANONYMOUS -> Mono.just(anonymous(network));
                case "service_role" ->
                    project.verify(credential)
                            .map(verified -> service())
                            .onErrorResume(JwtException.class, expired -> Mono.empty())
                            .defaultIfEmpty(anonymous(network));
                default -> tokens.verify(credential).map(Caller::sentOn);
            };
        });
    }

    /** The role of a token that names no user; empty for any other. */
    private static String role(String credential) {
        JWTClaimsSet claims = ProjectTokens.claimed(credential);
        try {
            String role = claims == null || claims.getSubject() != null ? null : claims.getStringClaim("role");
            return role == null ? "" : role;
        } catch (ParseException e) {
            return "";
        }
    }
}
