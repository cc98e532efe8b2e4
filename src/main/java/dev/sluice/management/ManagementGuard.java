package dev.sluice.management;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.core.Ordered;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.server.PathContainer;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.util.pattern.PathPattern;
import org.springframework.web.util.pattern.PathPatternParser;
import reactor.core.publisher.Mono;

/**
 * Lets everybody read health, info, prometheus and the console's files, which hold no data, and whoever brings the token do everything; whatever else there is or
 * will be on the management port is refused. Without a token configured it is not there at all.
 */
final class ManagementGuard implements WebFilter, Ordered {

    private static final Pattern BEARER = Pattern.compile("Bearer +([\\x21-\\x7e]+) *", Pattern.CASE_INSENSITIVE);

    private static final String PAGE = "/console";

    private final List<PathPattern> open;
    private final byte @Nullable [] tokenHash;
    private final Audit audit;

    /**
     * @param basePath of the actuator, such as {@code /actuator}
     * @param token empty for none
     */
    ManagementGuard(String basePath, String token, Audit audit) {
        String name = "/{%s:[A-Za-z0-9_-]+}";
        String health = "/health" + name.formatted("group");
        this.open = Stream.concat(
                        Stream.of("/health", health, health + name.formatted("component"), "/info", "/prometheus")
                                .map(path -> basePath + path),
                        // Where they could be mistaken for endpoints they are not open.
                        basePath.isEmpty() || basePath.startsWith(PAGE)
                                ? Stream.empty()
                                : Stream.of(PAGE, PAGE + "/", PAGE + "/{file:[a-z]+[.][a-z]+}"))
                .map(PathPatternParser.defaultInstance::parse)
                .toList();
        this.tokenHash = token.isEmpty() ? null : hash(token);
        this.audit = audit;
    }

    @Override
    public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
        if (isOpen(exchange.getRequest())) {
            return chain.filter(exchange);
        }
        if (tokenHash == null) {
            return Mono.error(Problem.of(ProblemCode.NOT_FOUND)
                    .detail("Nothing is served here but health, info and prometheus")
                    .with("hint", "Set SLUICE_MANAGEMENT_TOKEN to use the rest of the management port")
                    .exception());
        }
        HttpHeaders headers = exchange.getRequest().getHeaders();
        if (!bringsToken(headers, tokenHash)) {
            audit.refused(exchange, headers.containsHeader(HttpHeaders.AUTHORIZATION));
            return Mono.error(Problem.of(ProblemCode.UNAUTHENTICATED)
                    .detail("Send Authorization: Bearer with the management token")
                    .header(HttpHeaders.WWW_AUTHENTICATE, "Bearer realm=\"sluice management\"")
                    .exception());
        }
        return audit.around(exchange, chain.filter(exchange));
    }

    private boolean isOpen(ServerHttpRequest request) {
        if (!HttpMethod.GET.equals(request.getMethod()) && !HttpMethod.HEAD.equals(request.getMethod())) {
            return false;
        }
        PathContainer path = request.getPath().pathWithinApplication();
        return open.stream().anyMatch(pattern -> pattern.matches(path));
    }

    /** Hashes are compared, in constant time, so that nothing is told of the token, not even its length. */
    private static boolean bringsToken(HttpHeaders headers, byte[] tokenHash) {
        List<String> sent = headers.getOrEmpty(HttpHeaders.AUTHORIZATION);
        Matcher bearer = BEARER.matcher(sent.size() == 1 ? sent.get(0) : "");
        return bearer.matches() && MessageDigest.isEqual(hash(bearer.group(1)), tokenHash);
    }

    private static byte[] hash(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every JDK has SHA-256", e);
        }
    }

    /** Right after the request's context has been made, before anything else of the port. */
    @Override
    public int getOrder() {
        return Ordered.HIGHEST_PRECEDENCE + 20;
    }
}
