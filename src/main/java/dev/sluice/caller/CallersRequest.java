package dev.sluice.caller;

import dev.sluice.exchange.RequestContext;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.support.Netty4HeadersAdapter;

/**
 * The request of an established caller: without the credentials that end here, and with what a backend is told of who asks.
 * Its headers are the only thing that is made anew, and not before they are read, which a refusal by the memory guard does
 * not; a mutated request would have its path parsed once more. They are kept as Netty has them, where a name is not turned
 * to lower case each time that it is asked for.
 */
final class CallersRequest extends ServerHttpRequestDecorator {

    private final Caller caller;
    private final String requestId;
    private @Nullable HttpHeaders headers;

    CallersRequest(ServerHttpRequest request, Caller caller, String requestId) {
        super(request);
        this.caller = caller;
        this.requestId = requestId;
    }

    private static HttpHeaders changed(HttpHeaders sent, Caller caller, String requestId) {
        HttpHeaders changed = new HttpHeaders(new Netty4HeadersAdapter(new DefaultHttpHeaders()));
        changed.putAll(sent);
        changed.remove(Credential.API_KEY);
        changed.remove(Credential.API_KEY_ID);
        changed.remove(Credential.USER_ID);
        changed.set(RequestContext.REQUEST_ID_HEADER, requestId);
        if (!caller.asSent()) {
            name(caller, changed);
        }
        return HttpHeaders.readOnlyHttpHeaders(changed);
    }

    private static void name(Caller caller, HttpHeaders headers) {
        if (caller.accessToken() == null) {
            headers.remove(HttpHeaders.AUTHORIZATION);
        }
        headers.set(Credential.USER_ID, UserId.inHeader(caller.userId()));
        if (caller.apiKeyId() != null) {
            headers.set(Credential.API_KEY_ID, UserId.inHeader(caller.apiKeyId()));
        }
    }

    @Override
    public HttpHeaders getHeaders() {
        HttpHeaders known = headers;
        if (known == null) {
            known = changed(super.getHeaders(), caller, requestId);
            headers = known;
        }
        return known;
    }
}
