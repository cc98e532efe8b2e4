package dev.sluice.upload;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import org.springframework.cloud.gateway.route.Route;
import org.springframework.web.server.ServerWebExchange;

/** Which requests go to a backend. */
final class Proxied {

    /** Of routes that answer by themselves. */
    private static final String NO_BACKEND = "no";

    private Proxied() {}

    static boolean is(ServerWebExchange exchange) {
        Route route = exchange.getAttribute(GATEWAY_ROUTE_ATTR);
        return route != null && !NO_BACKEND.equals(route.getUri().getScheme());
    }
}
