package dev.sluice.caller;

import dev.sluice.exchange.AddressRanges;
import dev.sluice.exchange.ClientAddress;
import java.net.InetAddress;
import java.util.List;
import org.springframework.web.server.ServerWebExchange;

/** The direct TCP peers whose {@code X-User-Id} and {@code X-Api-Key-Id} are believed. */
final class TrustedPeers {

    private final AddressRanges ranges;

    TrustedPeers(AddressRanges ranges) {
        this.ranges = ranges;
    }

    boolean sent(ServerWebExchange exchange) {
        InetAddress peer = ClientAddress.peer(exchange);
        return peer != null && ranges.contains(peer);
    }

    /**
     * The exchange without the headers that only a trusted peer may send, and from anybody without those that some backends
     * read as the same: they cannot tell underscores from dashes (RFC 3875, 4.1.18).
     */
    ServerWebExchange withoutUntrusted(ServerWebExchange exchange) {
        boolean believed = sent(exchange);
        List<String> claims = exchange.getRequest().getHeaders().headerNames().stream()
                .filter(name -> isIdentity(name.replace('_', '-')) && (!believed || name.indexOf('_') >= 0))
                .toList();
        if (claims.isEmpty()) {
            return exchange;
        }
        return exchange.mutate()
                .request(request -> request.headers(headers -> claims.forEach(headers::remove)))
                .build();
    }

    private static boolean isIdentity(String name) {
        return name.equalsIgnoreCase(Credential.USER_ID) || name.equalsIgnoreCase(Credential.API_KEY_ID);
    }
}
