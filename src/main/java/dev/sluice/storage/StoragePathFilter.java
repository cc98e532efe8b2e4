package dev.sluice.storage;

import dev.sluice.intent.CanonicalPath;
import dev.sluice.problem.ErrorForm;
import java.net.URI;
import org.springframework.core.Ordered;
import org.springframework.http.server.PathContainer;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Gives every request below {@code /storage/v1} the canonical spelling of its path, before a route is chosen by it, and
 * refuses a path that has none (400). Whatever is refused there is told in the form that storage's clients read.
 */
final class StoragePathFilter implements WebFilter, Ordered {

    static final String BASE = "/storage/v1";
    static final String RESUMABLE = BASE + "/upload/resumable";

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        URI sent = exchange.getRequest().getURI();
        String rawPath = sent.getRawPath();
        String read = asRoutesReadIt(rawPath);
        if (!isBelow(read, BASE)) {
            return chain.filter(exchange);
        }
        (isBelow(read, RESUMABLE) ? ErrorForm.TUS : ErrorForm.SUPABASE).set(exchange);
        return Mono.defer(() -> {
            String path = CanonicalPath.of(rawPath);
            return chain.filter(path.equals(rawPath) ? exchange : moved(exchange, sent, path));
        });
    }

    /** Each segment decoded and without its parameters, as a {@code Path} predicate compares it. */
    private static String asRoutesReadIt(String rawPath) {
        if (rawPath.indexOf('%') < 0 && rawPath.indexOf(';') < 0) {
            return rawPath;
        }
        StringBuilder read = new StringBuilder(rawPath.length());
        for (PathContainer.Element element : PathContainer.parsePath(rawPath).elements()) {
            read.append(
                    element instanceof PathContainer.PathSegment segment ? segment.valueToMatch() : element.value());
        }
        return read.toString();
    }

    private static boolean isBelow(String path, String base) {
        return path.startsWith(base) && (path.length() == base.length() || path.charAt(base.length()) == '/');
    }

    private static ServerWebExchange moved(ServerWebExchange exchange, URI sent, String path) {
        String query = sent.getRawQuery() == null ? "" : "?" + sent.getRawQuery();
        URI uri = URI.create(sent.getScheme() + "://" + sent.getRawAuthority() + path + query);
        return exchange.mutate().request(request -> request.uri(uri)).build();
    }

    /** After CORS (at +20), so that a page can read the refusal; before the routes. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 30;
    }
}
