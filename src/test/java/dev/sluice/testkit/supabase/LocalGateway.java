package dev.sluice.testkit.supabase;

import io.netty.handler.codec.http.HttpHeaderNames;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The gateway in front of the servers: prefixes, CORS, the project key that PostgREST asks for, and the exchange of
 * opaque {@code sb_…} keys for tokens. Storage asks for no project key; the JWKS document is open.
 */
final class LocalGateway {

    static final String STORAGE = "/storage/v1";
    private static final String S3 = STORAGE + "/s3/";

    /** The endpoint's name: a WebSocket that sends back what it gets. */
    static final String REALTIME = "realtime.websocket";

    private static final String WEBSOCKET = "/realtime/v1/websocket";
    private static final String REST = "/rest/v1";
    private static final String JWKS = "/auth/v1/.well-known/jwks.json";

    private final Keys keys;
    private final Tokens tokens;
    private final StorageApi storage;
    private final S3Api s3;
    private final RestApi rest;
    private final Set<String> projectKeys;

    LocalGateway(Keys keys, Tokens tokens, StorageApi storage, S3Api s3, RestApi rest, Set<String> projectKeys) {
        this.keys = keys;
        this.tokens = tokens;
        this.storage = storage;
        this.s3 = s3;
        this.rest = rest;
        this.projectKeys = projectKeys;
    }

    Endpoint endpoint(Call call) {
        Endpoint preflight = Cors.preflight(call);
        return preflight == null ? Cors.open(routed(call)) : preflight;
    }

    private Endpoint routed(Call call) {
        String path = call.rawPath();
        if (path.equals(JWKS)) {
            return new Endpoint(
                    "auth.jwks",
                    c -> Reply.text(200, Reply.JSON, Json.write(keys.jwks()))
                            .with("cache-control", "public, max-age=600"));
        }
        if (path.startsWith(S3)) {
            return s3.endpoint(call, path.substring(S3.length()));
        }
        if (path.startsWith(STORAGE + "/")) {
            return behind(storage.endpoint(call, path.substring(STORAGE.length())), this::translated);
        }
        if (path.equals(WEBSOCKET)) {
            return new Endpoint(REALTIME, c -> Reply.empty(400));
        }
        if (path.startsWith(REST + "/")) {
            Endpoint endpoint = rest.endpoint(call, path.substring(REST.length()));
            return new Endpoint(endpoint.name(), c -> {
                String key = projectKey(c);
                return key == null || !projectKeys.contains(key)
                        ? Reply.text(401, "text/plain", "Unauthorized")
                        : endpoint.handler().handle(translated(c));
            });
        }
        return new Endpoint(
                "gateway.unknown", c -> Reply.json(404, Json.object("message", "no Route matched with those values")));
    }

    private static Endpoint behind(Endpoint endpoint, UnaryOperator<Call> change) {
        return new Endpoint(endpoint.name(), call -> endpoint.handler().handle(change.apply(call)));
    }

    private Call translated(Call call) {
        String authorization = call.header(HttpHeaderNames.AUTHORIZATION);
        if (authorization != null && !authorization.startsWith("Bearer sb_")) {
            return call;
        }
        String key = projectKey(call);
        if (key == null) {
            return call;
        }
        String token = key;
        if (key.equals(keys.secretKey())) {
            token = tokens.es256(tokens.roleClaims("service_role"));
        } else if (key.equals(keys.publishableKey())) {
            token = tokens.es256(tokens.roleClaims("anon"));
        }
        return call.withHeader(HttpHeaderNames.AUTHORIZATION, "Bearer " + token);
    }

    private static @Nullable String projectKey(Call call) {
        String header = call.header("apikey");
        return header == null ? call.query().get("apikey") : header;
    }
}
