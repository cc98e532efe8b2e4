package dev.sluice.upload;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.RequestContext;
import dev.sluice.intent.UploadIntent;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;

/** Who the backend is told is asking. */
final class Credentials {

    private static final String USER_ID = "X-User-Id";
    private static final String API_KEY_ID = "X-Api-Key-Id";

    /** A hosted project refuses a secret key beside a browser's User-Agent. */
    private static final String USER_AGENT = "sluice";

    /**
     * Beside those that the gateway removes (RFC 9110, 7.6.1). Whoever expects a 100 is told by us, once the request was
     * admitted and its body is read for the first time.
     */
    private static final List<String> HOP_BY_HOP = List.of(HttpHeaders.EXPECT, "Proxy-Connection");

    private static final String UPSERT = "x-upsert";

    private final URI supabase;
    private final String serviceKey;

    /** @param supabase the only origin that the service key is sent to */
    Credentials(URI supabase, String serviceKey) {
        this.supabase = supabase;
        this.serviceKey = serviceKey;
    }

    void apply(HttpHeaders headers, URI target, UploadIntent intent, @Nullable Caller caller, String requestId) {
        headers.remove("X-API-Key");
        HOP_BY_HOP.forEach(headers::remove);
        headers.set(RequestContext.REQUEST_ID_HEADER, requestId);
        if (caller != null && caller.asSent()) {
            headers.remove(HttpHeaders.COOKIE);
            return;
        }
        if (Target.isSameOrigin(target, supabase)) {
            toSupabase(headers, intent, caller);
        }
    }

    /** A browser's cookies and the identity headers of other backends are none of Supabase's business. */
    private void toSupabase(HttpHeaders headers, UploadIntent intent, @Nullable Caller caller) {
        headers.remove(HttpHeaders.COOKIE);
        headers.set(HttpHeaders.USER_AGENT, USER_AGENT);
        headers.remove(USER_ID);
        headers.remove(API_KEY_ID);
        headers.set("apikey", serviceKey);
        String accessToken = caller == null ? null : caller.accessToken();
        headers.setBearerAuth(accessToken == null ? serviceKey : accessToken);
        setOrRemove(headers, UPSERT, intent.upsert() ? "true" : null);
    }

    private static void setOrRemove(HttpHeaders headers, String name, @Nullable String value) {
        if (value == null) {
            headers.remove(name);
        } else {
            headers.set(name, value);
        }
    }
}
