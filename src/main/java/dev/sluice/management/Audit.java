package dev.sluice.management;

import dev.sluice.exchange.ClientAddress;
import dev.sluice.exchange.RequestContext;
import dev.sluice.problem.ProblemException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.spi.LoggingEventBuilder;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ResponseStatusException;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.util.UriUtils;
import reactor.core.publisher.Mono;

/**
 * Who did what on the management port: one line of the logger {@value #LOGGER} and one count for each request that changes
 * something, when it has ended, and for each that did not bring the token. Lines are only ever added, with the log's own time;
 * the line's fields are also key-value pairs of the event, for a log in JSON.
 *
 * <p>There is one token, so who did it is where it came from, and what the caller says in {@value #USER_HEADER}, which nobody
 * has verified.
 */
final class Audit {

    static final String LOGGER = "dev.sluice.audit";
    static final String USER_HEADER = "X-Audit-User";
    static final String COUNTER = "sluice.management.audit";

    /** How a request without the token is counted. */
    static final String TOKEN = "token";

    private static final Logger log = LoggerFactory.getLogger(LOGGER);
    private static final int MOST_OF_A_USER = 64;
    private static final int MOST_OF_A_TARGET = 512;

    /** Actions by method and the first segment below the actuator; any other is {@code other}. */
    private static final Map<String, String> ACTIONS = Map.of(
            "DELETE limits", "limits.reset",
            "DELETE usercache", "usercache.drop",
            "POST usage", "usage.replay",
            "POST reconcile", "reconcile.run",
            "POST loggers", "loggers.set");

    private final String basePath;
    private final ClientAddress addresses;
    private final MeterRegistry registry;

    /** @param basePath of the actuator, such as {@code /actuator} */
    Audit(String basePath, ClientAddress addresses, MeterRegistry registry) {
        this.basePath = basePath;
        this.addresses = addresses;
        this.registry = registry;
    }

    /** Records the request, if it may change something, when {@code handled} has ended. */
    Mono<Void> around(ServerWebExchange exchange, Mono<Void> handled) {
        if (!changes(exchange.getRequest())) {
            return handled;
        }
        String action = action(exchange.getRequest());
        return handled.doOnSuccess(done -> record(exchange, action, status(exchange)))
                .doOnError(error -> record(exchange, action, status(error)))
                .doOnCancel(() -> write(exchange, action, "unknown", 0));
    }

    /** Records that a request without the token was refused; one with a wrong token is told from one without any. */
    void refused(ServerWebExchange exchange, boolean broughtAny) {
        write(exchange, TOKEN, broughtAny ? "wrong" : "missing", 401);
    }

    private boolean changes(ServerHttpRequest request) {
        HttpMethod method = request.getMethod();
        boolean reads =
                HttpMethod.GET.equals(method) || HttpMethod.HEAD.equals(method) || HttpMethod.OPTIONS.equals(method);
        return !reads && !below(request).startsWith("explain");
    }

    private String action(ServerHttpRequest request) {
        String endpoint = below(request).split("/", 2)[0];
        return ACTIONS.getOrDefault(request.getMethod().name() + " " + endpoint, "other");
    }

    /** The raw path without the actuator's own; all of it for a request to elsewhere. */
    private String below(ServerHttpRequest request) {
        String path = request.getURI().getRawPath();
        return path.startsWith(basePath + "/") ? path.substring(basePath.length() + 1) : path;
    }

    private void record(ServerWebExchange exchange, String action, int status) {
        String outcome = status < 400 ? "done" : status < 500 ? "refused" : "failed";
        write(exchange, action, outcome, status);
    }

    /** @param status of the answer; 0 if there was nobody to answer */
    private void write(ServerWebExchange exchange, String action, String outcome, int status) {
        Counter.builder(COUNTER)
                .description("Requests to the management port that change something, and those without its token")
                .tag("action", action)
                .tag("outcome", outcome)
                .register(registry)
                .increment();
        ServerHttpRequest request = exchange.getRequest();
        String user = request.getHeaders().getFirst(USER_HEADER);
        Map<String, String> fields = new LinkedHashMap<>();
        fields.put("action", action);
        fields.put("outcome", outcome);
        fields.put("status", Integer.toString(status));
        fields.put("method", Text.harmless(request.getMethod().name(), MOST_OF_A_USER));
        fields.put("target", Text.harmless(target(request), MOST_OF_A_TARGET));
        fields.put("from", addresses.of(exchange));
        if (user != null) {
            fields.put("user", Text.harmless(user, MOST_OF_A_USER));
        }
        fields.put("requestId", RequestContext.of(exchange).requestId());
        write(fields);
    }

    private static void write(Map<String, String> fields) {
        LoggingEventBuilder event = log.atInfo()
                .setMessage(fields.entrySet().stream()
                        .map(field -> field.getKey() + "=\"" + field.getValue() + '"')
                        .collect(Collectors.joining(" ")));
        for (Map.Entry<String, String> field : fields.entrySet()) {
            event = event.addKeyValue(field.getKey(), field.getValue());
        }
        event.log();
    }

    /** What was asked for, readable: decoded, with its query. */
    private String target(ServerHttpRequest request) {
        URI uri = request.getURI();
        String query = uri.getRawQuery();
        return decoded(below(request)) + (query == null ? "" : "?" + decoded(query));
    }

    private static String decoded(String raw) {
        try {
            return UriUtils.decode(raw, StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            return raw;
        }
    }

    private static int status(ServerWebExchange exchange) {
        HttpStatusCode status = exchange.getResponse().getStatusCode();
        return status == null ? 200 : status.value();
    }

    private static int status(Throwable error) {
        return error instanceof ProblemException refused
                ? refused.problem().status()
                : error instanceof ResponseStatusException answered
                        ? answered.getStatusCode().value()
                        : 500;
    }
}
