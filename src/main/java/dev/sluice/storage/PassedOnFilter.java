package dev.sluice.storage;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_REQUEST_URL_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.intent.CanonicalPath;
import dev.sluice.intent.UploadIntent;
import dev.sluice.problem.Problem;
import java.net.URI;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Sends what is passed on to the project, without an {@link UploadIntent}, to exactly the path and query that the client
 * wrote, below the path of the project's address; and refuses a path that the project's gateway could read as another
 * route's, such as {@code /auth/v1/../../storage/v1} (400).
 *
 * <p>The gateway itself would encode an escape a second time where the query has a character that RFC 3986 wants encoded,
 * and would leave out the path of the route's address.
 */
final class PassedOnFilter implements GlobalFilter, Ordered {

    private final URI supabase;

    PassedOnFilter(URI supabase) {
        this.supabase = supabase;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, GatewayFilterChain chain) {
        Route route = exchange.getAttribute(GATEWAY_ROUTE_ATTR);
        URI target = exchange.getAttribute(GATEWAY_REQUEST_URL_ATTR);
        if (route == null
                || target == null
                || !isProject(route.getUri())
                || UploadIntent.ATTRIBUTE.get(exchange) != null) {
            return chain.filter(exchange);
        }
        URI asked = exchange.getRequest().getURI();
        if (!CanonicalPath.exists(asked.getRawPath())) {
            return Mono.error(Problem.invalid(
                            "path",
                            "The path can be read in several ways",
                            "Leave out dot segments, double slashes and encoded slashes, and encode each name once")
                    .exception());
        }
        String base = route.getUri().getRawPath() == null
                ? ""
                : route.getUri().getRawPath().replaceAll("/+$", "");
        String query = asked.getRawQuery() == null ? "" : "?" + asked.getRawQuery();
        exchange.getAttributes()
                .put(
                        GATEWAY_REQUEST_URL_ATTR,
                        URI.create(target.getScheme() + "://" + target.getRawAuthority() + base + asked.getRawPath()
                                + query));
        return chain.filter(exchange);
    }

    private boolean isProject(URI uri) {
        return supabase.getScheme().equalsIgnoreCase(uri.getScheme())
                && supabase.getRawAuthority().equalsIgnoreCase(uri.getRawAuthority());
    }

    /** After the target is known (10000), before it is called. */
    @Override
    public int getOrder() {
        return 10_190;
    }
}
