package dev.sluice.testkit.supabase;

import io.netty.handler.codec.http.HttpHeaderNames;
import org.jspecify.annotations.Nullable;

/** What the gateway lets browsers do: everything, from any origin, without credentials. */
final class Cors {

    private Cors() {}

    /** The answer to a preflight; null if the call is none. */
    static @Nullable Endpoint preflight(Call call) {
        if (!call.method().equals("OPTIONS") || call.header(HttpHeaderNames.ACCESS_CONTROL_REQUEST_METHOD) == null) {
            return null;
        }
        return new Endpoint("gateway.preflight", c -> {
            String headers = c.header(HttpHeaderNames.ACCESS_CONTROL_REQUEST_HEADERS);
            return Reply.empty(200)
                    .with("access-control-allow-origin", "*")
                    .with("access-control-allow-methods", "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS,TRACE,CONNECT")
                    .with("access-control-allow-headers", headers == null ? "" : headers);
        });
    }

    static Endpoint open(Endpoint endpoint) {
        return new Endpoint(
                endpoint.name(), call -> endpoint.handler().handle(call).with("access-control-allow-origin", "*"));
    }
}
