package dev.sluice.exchange;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;

/**
 * Where a request comes from: the TCP peer, or, if that is a trusted proxy, the last address of {@code X-Forwarded-For}
 * which is not one. Whatever stands before that address could have been written by the client.
 */
public final class ClientAddress {

    private static final String FORWARDED_FOR = "X-Forwarded-For";
    private static final String UNKNOWN = "unknown";

    private final AddressRanges trustedProxies;

    public ClientAddress(AddressRanges trustedProxies) {
        this.trustedProxies = trustedProxies;
    }

    /** The client's IP address as text; {@code unknown} for a connection that has none, such as a Unix socket. */
    public String of(ServerWebExchange exchange) {
        InetAddress address = peer(exchange);
        if (address == null) {
            return UNKNOWN;
        }
        List<String> headers = exchange.getRequest().getHeaders().getOrEmpty(FORWARDED_FOR);
        if (headers.isEmpty() || !trustedProxies.contains(address)) {
            return address.getHostAddress();
        }
        String[] hops = String.join(",", headers).split(",");
        for (int i = hops.length - 1; i >= 0 && trustedProxies.contains(address); i--) {
            InetAddress hop = NetUtil.createInetAddressFromIpAddressString(hops[i].strip());
            if (hop == null) {
                break;
            }
            address = hop;
        }
        return address.getHostAddress();
    }

    /** The direct TCP peer, whatever headers say; null for a connection without an IP address. */
    public static @Nullable InetAddress peer(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        InetSocketAddress remote = request.getRemoteAddress();
        return remote == null ? null : remote.getAddress();
    }
}
