package dev.sluice.exchange;

import io.netty.util.NetUtil;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.StringJoiner;
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
        InetAddress address = address(exchange);
        return address == null ? UNKNOWN : address.getHostAddress();
    }

    /**
     * What one subscriber has: an IPv4 address, or the /64 of an IPv6 address (RFC 6177), written with its length; as
     * {@link #of} for a connection that has none. Who has one address of IPv6 has 2^64, and would be limited by none of them.
     */
    public String networkOf(ServerWebExchange exchange) {
        InetAddress address = address(exchange);
        if (!(address instanceof Inet6Address v6)) {
            return address == null ? UNKNOWN : address.getHostAddress();
        }
        byte[] bytes = v6.getAddress();
        StringJoiner network = new StringJoiner(":", "", "::/64");
        for (int i = 0; i < 8; i += 2) {
            network.add(Integer.toHexString((bytes[i] & 0xFF) << 8 | bytes[i + 1] & 0xFF));
        }
        return network.toString();
    }

    /** Whether the direct peer's word counts, such as its {@code X-Forwarded-*}. */
    public boolean isFromTrustedProxy(ServerWebExchange exchange) {
        InetAddress peer = peer(exchange);
        return peer != null && trustedProxies.contains(peer);
    }

    private @Nullable InetAddress address(ServerWebExchange exchange) {
        InetAddress address = peer(exchange);
        List<String> headers = exchange.getRequest().getHeaders().getOrEmpty(FORWARDED_FOR);
        if (address == null || headers.isEmpty() || !trustedProxies.contains(address)) {
            return address;
        }
        String[] hops = String.join(",", headers).split(",");
        for (int i = hops.length - 1; i >= 0 && trustedProxies.contains(address); i--) {
            InetAddress hop = NetUtil.createInetAddressFromIpAddressString(hops[i].strip());
            if (hop == null) {
                break;
            }
            address = hop;
        }
        return address;
    }

    /** The direct TCP peer, whatever headers say; null for a connection without an IP address. */
    public static @Nullable InetAddress peer(ServerWebExchange exchange) {
        ServerHttpRequest request = exchange.getRequest();
        InetSocketAddress remote = request.getRemoteAddress();
        return remote == null ? null : remote.getAddress();
    }
}
