package dev.sluice.caller;

import dev.sluice.exchange.AddressRanges;
import dev.sluice.exchange.ClientAddress;
import java.net.InetAddress;
import java.util.ArrayList;
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
        List<String> claims = claims(exchange);
        if (claims.isEmpty()) {
            return exchange;
        }
        return exchange.mutate()
                .request(request -> request.headers(headers -> claims.forEach(headers::remove)))
                .build();
    }

    private List<String> claims(ServerWebExchange exchange) {
        List<String> claims = new ArrayList<>(0);
        for (String name : exchange.getRequest().getHeaders().headerNames()) {
            if (isIdentity(name) && (name.indexOf('_') >= 0 || !sent(exchange))) {
                claims.add(name);
            }
        }
        return claims;
    }

    private static boolean isIdentity(String name) {
        String dashed = name.replace('_', '-');
        return dashed.equalsIgnoreCase(Credential.USER_ID) || dashed.equalsIgnoreCase(Credential.API_KEY_ID);
    }
}
