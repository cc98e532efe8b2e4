package dev.sluice.exchange;

import java.net.URI;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * The edge's own address as the client reached it: what it wrote into {@code Host}, or what a trusted proxy says in
 * {@code X-Forwarded-Proto}, {@code -Host}, {@code -Port} and {@code -Prefix}.
 */
public final class PublicAddress {

    private static final Pattern HOST = Pattern.compile("(?:[A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(?::[0-9]{1,5})?");
    private static final Pattern PREFIX = Pattern.compile("(?:/[A-Za-z0-9._~-]+)+");
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

    private final ClientAddress clients;

    public PublicAddress(ClientAddress clients) {
        this.clients = clients;
    }

    /** Scheme, host, port and the path that a proxy took off; no slash at the end. Null for a request that names no host. */
    public @Nullable String of(ServerWebExchange exchange) {
        HttpHeaders headers = exchange.getRequest().getHeaders();
        URI uri = exchange.getRequest().getURI();
        String scheme = "https".equals(uri.getScheme()) ? "https" : "http";
        String host = headers.getFirst(HttpHeaders.HOST);
        String prefix = "";
        if (clients.isFromTrustedProxy(exchange)) {
            String proto = last(headers, "X-Forwarded-Proto");
            scheme = "https".equals(proto) ? "https" : "http".equals(proto) ? "http" : scheme;
            String forwarded = last(headers, "X-Forwarded-Host");
            if (forwarded != null && HOST.matcher(forwarded).matches()) {
                host = forwarded;
            }
            String cut = last(headers, "X-Forwarded-Prefix");
            prefix = cut != null && PREFIX.matcher(cut).matches() ? cut : "";
            host = withPort(host, scheme, last(headers, "X-Forwarded-Port"));
        }
        return host != null && HOST.matcher(host).matches() ? scheme + "://" + host + prefix : null;
    }

    /** A host that names a port keeps it; the scheme's own port is left out. */
    private static @Nullable String withPort(@Nullable String host, String scheme, @Nullable String port) {
        boolean usual = ("https".equals(scheme) ? "443" : "80").equals(port);
        return host == null
                        || port == null
                        || usual
                        || !PORT.matcher(port).matches()
                        || host.lastIndexOf(':') > host.lastIndexOf(']')
                ? host
                : host + ":" + port;
    }

    /** What the nearest proxy wrote: earlier values may be the client's. */
    private static @Nullable String last(HttpHeaders headers, String name) {
        List<String> values = headers.getOrEmpty(name);
        if (values.isEmpty()) {
            return null;
        }
        String[] hops = values.get(values.size() - 1).split(",");
        return hops.length == 0 ? null : hops[hops.length - 1].strip();
    }
}
