package dev.sluice.management;

import dev.sluice.caller.Caller;
import dev.sluice.routes.RoutesInForce.InForce;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.cloud.gateway.handler.predicate.PredicateDefinition;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.MediaType;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;
import org.springframework.web.util.UriUtils;
import reactor.core.publisher.Flux;
import tools.jackson.databind.json.JsonMapper;

/** The request that is explained, as the route's filters would meet it: nobody sent it, and nobody answers it. */
final class ExplainedExchange extends ServerWebExchangeDecorator {

    private static final JsonMapper JSON = JsonMapper.shared();

    private final ServerHttpRequest request;
    private final Map<String, Object> attributes = new ConcurrentHashMap<>();

    private ExplainedExchange(ServerWebExchange asked, ServerHttpRequest request) {
        super(asked);
        this.request = request;
    }

    /**
     * Of a route that was named, or of any.
     *
     * @param asked the request that asks for the explanation: its peer is the client's
     * @throws dev.sluice.problem.ProblemException if there can be no such request
     */
    static ExplainedExchange of(ServerWebExchange asked, ExplainRequest explain, @Nullable InForce route) {
        byte[] body = readsBody(route) ? body(explain) : new byte[0];
        HttpHeaders headers = new HttpHeaders();
        explain.headers().forEach(headers::set);
        headers.remove(HttpHeaders.TRANSFER_ENCODING);
        if (readsBody(route)) {
            headers.setContentType(MediaType.APPLICATION_JSON);
            headers.setContentLength(body.length);
        } else {
            if (explain.contentType() != null) {
                headers.set(HttpHeaders.CONTENT_TYPE, explain.contentType());
            }
            if (explain.fileSize() != null) {
                headers.setContentLength(explain.fileSize());
            }
        }
        ServerHttpRequest made = asked.getRequest()
                .mutate()
                .method(HttpMethod.valueOf(method(explain, route)))
                .uri(uri(explain, route))
                .headers(sent -> {
                    sent.clear();
                    sent.addAll(headers);
                })
                .build();
        return new ExplainedExchange(asked, new ServerHttpRequestDecorator(made) {
            @Override
            public Flux<DataBuffer> getBody() {
                return Flux.defer(
                        () -> Flux.just(asked.getResponse().bufferFactory().wrap(body)));
            }
        });
    }

    /** Who asks, as {@code Authenticate} would have it. */
    void callerIs(ExplainRequest explain, boolean sentOn) {
        String token = explain.withToken() ? "explained" : null;
        Caller.ATTRIBUTE.set(
                this, new Caller(explain.user(), null, explain.plan(), token, explain.withToken() && sentOn));
    }

    private static boolean readsBody(@Nullable InForce route) {
        return route != null
                && route.filters().stream()
                        .anyMatch(filter -> "ObjectNames".equals(filter.getName())
                                || "UploadIntent".equals(filter.getName())
                                        && (has(filter, "body") || has(filter, "batch")));
    }

    private static boolean has(FilterDefinition filter, String argument) {
        return filter.getArgs().values().stream().anyMatch(argument::equalsIgnoreCase);
    }

    private static byte[] body(ExplainRequest explain) {
        if (explain.body() != null) {
            return JSON.writeValueAsBytes(explain.body());
        }
        Map<String, Object> fields = new LinkedHashMap<>();
        put(fields, "filename", explain.filename());
        put(fields, "contentType", explain.contentType());
        put(fields, "supabaseBucket", explain.bucket());
        put(fields, "fileSize", explain.fileSize());
        return JSON.writeValueAsBytes(fields);
    }

    private static void put(Map<String, Object> fields, String name, @Nullable Object value) {
        if (value != null) {
            fields.put(name, value);
        }
    }

    private static String method(ExplainRequest explain, @Nullable InForce route) {
        String method = explain.method() != null ? explain.method() : route == null ? "GET" : argument(route, "Method");
        if (!method.matches("[A-Za-z]{1,20}")) {
            throw ExplainRequest.invalid("method", "This is no method", "For example PUT");
        }
        return method.toUpperCase(Locale.ROOT);
    }

    private static URI uri(ExplainRequest explain, @Nullable InForce route) {
        String path = explain.path() != null ? explain.path() : route == null ? "/" : path(explain, route);
        try {
            return URI.create("http://sluice.invalid" + path);
        } catch (IllegalArgumentException e) {
            throw ExplainRequest.invalid("path", "This is no path of a URL", "Percent-encode it once, as UTF-8");
        }
    }

    /** The route's pattern with the object in its place. */
    private static String path(ExplainRequest explain, InForce route) {
        String pattern = argument(route, "Path");
        String filename = explain.filename() == null ? "" : encoded(explain.filename());
        String path = pattern.replaceFirst("/\\*\\*$|/\\{\\*[^}]*}$", filename.isEmpty() ? "" : "/" + quoted(filename));
        if (explain.bucket() != null) {
            path = path.replaceFirst(
                    "\\{bucket[^}]*}", quoted(UriUtils.encode(explain.bucket(), StandardCharsets.UTF_8)));
        }
        if (path.isEmpty() || path.matches(".*[{}*].*")) {
            throw ExplainRequest.invalid(
                    "path",
                    "The path of a request to this route is not known: its pattern is " + pattern,
                    "Give bucket and filename, or the path of the URL");
        }
        return path;
    }

    private static String encoded(String filename) {
        return UriUtils.encode(filename, StandardCharsets.UTF_8).replace("%2F", "/");
    }

    private static String quoted(String replacement) {
        return Matcher.quoteReplacement(replacement);
    }

    /** The first argument of the route's first predicate of that name; empty if it has none. */
    private static String argument(InForce route, String predicate) {
        return route.definition().getPredicates().stream()
                .filter(given -> predicate.equals(given.getName()))
                .map(PredicateDefinition::getArgs)
                .flatMap(arguments -> arguments.values().stream())
                .findFirst()
                .map(String::trim)
                .orElse(predicate.equals("Method") ? "GET" : "");
    }

    @Override
    public ServerHttpRequest getRequest() {
        return request;
    }

    @Override
    public Map<String, Object> getAttributes() {
        return attributes;
    }
}
