package dev.sluice.browser;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.springframework.cloud.gateway.filter.headers.HttpHeadersFilter;
import org.springframework.http.HttpHeaders;
import org.springframework.web.server.ServerWebExchange;

/**
 * Takes a backend's CORS headers off its answer where Sluice sets its own: a browser refuses an answer with two
 * {@code Access-Control-Allow-Origin}. What the backend exposes of its own headers stays exposed.
 */
final class BackendCorsHeaders implements HttpHeadersFilter {

    private static final String PREFIX = "Access-Control-";

    private final boolean off;

    /** @param off whether CORS is the backends' affair */
    BackendCorsHeaders(boolean off) {
        this.off = off;
    }

    @Override
    public HttpHeaders filter(HttpHeaders answer, ServerWebExchange exchange) {
        if (off) {
            return answer;
        }
        HttpHeaders ours = exchange.getResponse().getHeaders();
        List<String> exposed = answer.getAccessControlExposeHeaders();
        if (ours.getAccessControlAllowOrigin() != null && !exposed.isEmpty()) {
            Set<String> all = new LinkedHashSet<>(ours.getAccessControlExposeHeaders());
            exposed.stream().filter(name -> !name.isBlank()).forEach(all::add);
            ours.setAccessControlExposeHeaders(List.copyOf(all));
        }
        HttpHeaders rest = new HttpHeaders();
        answer.forEach((name, values) -> {
            if (!name.regionMatches(true, 0, PREFIX, 0, PREFIX.length())) {
                rest.addAll(name, values);
            }
        });
        return rest;
    }

    @Override
    public boolean supports(Type type) {
        return type == Type.RESPONSE;
    }
}
