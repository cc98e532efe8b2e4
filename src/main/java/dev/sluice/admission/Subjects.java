package dev.sluice.admission;

import dev.sluice.caller.Caller;
import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RequestContext;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.support.ServerWebExchangeUtils;
import org.springframework.web.server.ServerWebExchange;

/** Reads from an exchange what the admission needs to know of it. */
final class Subjects {

    /** Begins with NUL, which no user id can contain: Postgres has no such text. */
    private static final String ADDRESS = "\u0000address:";

    private final ClientAddress addresses;

    Subjects(ClientAddress addresses) {
        this.addresses = addresses;
    }

    Subject of(ServerWebExchange exchange) {
        Caller caller = Caller.ATTRIBUTE.get(exchange);
        RequestContext context = RequestContext.of(exchange);
        String operation = context.operation();
        return new Subject(
                caller != null ? caller.userId() : ADDRESS + addresses.of(exchange),
                caller,
                operation != null ? operation : routeId(exchange),
                Admission.of(exchange),
                context);
    }

    private static String routeId(ServerWebExchange exchange) {
        Route route = exchange.getAttribute(ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR);
        return route == null ? "unknown" : route.getId();
    }
}
