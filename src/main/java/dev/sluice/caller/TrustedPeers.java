package dev.sluice.caller;

import dev.sluice.exchange.AddressRanges;
import dev.sluice.exchange.ClientAddress;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import reactor.netty.http.server.HttpServerRequest;

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
        if (isPlain(exchange.getRequest())) {
            return exchange;
        }
        List<String> claims = claims(exchange);
        if (claims.isEmpty()) {
            return exchange;
        }
        return exchange.mutate()
                .request(request -> request.headers(headers -> claims.forEach(headers::remove)))
                .build();
    }

    /**
     * Whether the client sent no such header, nor does the request have one from us, as after {@code forward:}. The server's own
     * headers are looked through without a set of their names, which most requests would be made for nothing.
     */
    private static boolean isPlain(ServerHttpRequest request) {
        HttpHeaders headers = request.getHeaders();
        if (headers.containsHeader(Credential.USER_ID)
                || headers.containsHeader(Credential.API_KEY_ID)
                || !(ServerHttpRequestDecorator.getNativeRequest(request) instanceof HttpServerRequest sent)) {
            return false;
        }
        Iterator<Map.Entry<CharSequence, CharSequence>> each =
                sent.requestHeaders().iteratorCharSequence();
        while (each.hasNext()) {
            CharSequence name = each.next().getKey();
            if (isIdentity(name.toString())) {
                return false;
            }
        }
        return true;
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
        if (name.length() != Credential.USER_ID.length() && name.length() != Credential.API_KEY_ID.length()) {
            return false;
        }
        String dashed = name.replace('_', '-');
        return dashed.equalsIgnoreCase(Credential.USER_ID) || dashed.equalsIgnoreCase(Credential.API_KEY_ID);
    }
}
