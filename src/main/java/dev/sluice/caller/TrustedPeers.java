package dev.sluice.caller;

import dev.sluice.exchange.AddressRanges;
import dev.sluice.exchange.ClientAddress;
import java.net.InetAddress;
import org.springframework.http.HttpHeaders;
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

    /** The exchange without the headers that only a trusted peer may send. */
    ServerWebExchange withoutUntrusted(ServerWebExchange exchange) {
        HttpHeaders headers = exchange.getRequest().getHeaders();
        boolean claims = headers.containsHeader(Credential.USER_ID) || headers.containsHeader(Credential.API_KEY_ID);
        if (!claims || sent(exchange)) {
            return exchange;
        }
        return exchange.mutate()
                .request(request -> request.headers(sent -> {
                    sent.remove(Credential.USER_ID);
                    sent.remove(Credential.API_KEY_ID);
                }))
                .build();
    }
}
