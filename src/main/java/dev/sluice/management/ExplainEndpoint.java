package dev.sluice.management;

import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.admission.AdmissionPreview;
import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemException;
import dev.sluice.routes.RoutesInForce;
import dev.sluice.routes.RoutesInForce.InForce;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.filter.FilterDefinition;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferLimitException;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerRequest;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * {@code explain}: POST tells what a request would be answered now, claim by claim, without consuming anything. It ends where
 * the guards have let the request pass: what signing it or the backend would say is not told.
 */
final class ExplainEndpoint {

    /** A batch's own limit, and room for what is said of it. */
    private static final int MAX_BODY_BYTES = 300 * 1024;

    private final RoutesInForce routes;
    private final ExplainedMemory memory;
    private final AdmissionPreview admissions;

    ExplainEndpoint(RoutesInForce routes, ExplainedMemory memory, AdmissionPreview admissions) {
        this.routes = routes;
        this.memory = memory;
        this.admissions = admissions;
    }

    RouterFunction<ServerResponse> routes(String basePath) {
        return RouterFunctions.route()
                .POST(basePath + "/explain", this::explain)
                .build();
    }

    /** Any content type is read as JSON, so that a plain {@code curl -d} works. */
    private Mono<ServerResponse> explain(ServerRequest request) {
        return DataBufferUtils.join(request.exchange().getRequest().getBody(), MAX_BODY_BYTES)
                .onErrorMap(
                        DataBufferLimitException.class,
                        error -> Problem.tooLarge(MAX_BODY_BYTES).exception())
                .map(ExplainEndpoint::bytes)
                .defaultIfEmpty(new byte[0])
                .map(ExplainRequest::read)
                .flatMap(explain -> explain(request.exchange(), explain))
                .flatMap(told -> ServerResponse.ok().bodyValue(told));
    }

    private Mono<Map<String, @Nullable Object>> explain(ServerWebExchange asked, ExplainRequest explain) {
        String id = explain.route();
        if (id == null) {
            return routes.match(ExplainedExchange.of(asked, explain, null))
                    .switchIfEmpty(Mono.error(() -> noSuchRoute("path", "No route matches this method and path")))
                    .flatMap(found -> explain(asked, explain, found));
        }
        InForce named = routes.route(id);
        return named == null
                ? Mono.error(noSuchRoute("route", "There is no route " + Text.harmless(id, 64)))
                : explain(asked, explain, named);
    }

    private Mono<Map<String, @Nullable Object>> explain(
            ServerWebExchange asked, ExplainRequest explain, InForce route) {
        FilterDefinition authenticate = route.filters().stream()
                .filter(filter -> "Authenticate".equals(filter.getName()))
                .findFirst()
                .orElse(null);
        if (authenticate == null) {
            return Mono.error(ExplainRequest.invalid(
                    "route",
                    "The route " + route.route().getId() + " knows no users: it limits by the client's address",
                    "Name a route with Authenticate, of " + routes.ids()));
        }
        ExplainedExchange exchange = ExplainedExchange.of(asked, explain, route);
        exchange.callerIs(explain, !authenticate.getArgs().isEmpty());
        return Mono.from(route.route().getPredicate().apply(exchange))
                .filter(Boolean.TRUE::equals)
                .switchIfEmpty(Mono.error(() -> ExplainRequest.invalid(
                        "path",
                        "A request with this method, path and headers does not go to the route "
                                + route.route().getId(),
                        "Leave out method and path, or leave out the route")))
                .flatMap(matches -> {
                    exchange.getAttributes().put(GATEWAY_ROUTE_ATTR, route.route());
                    return new Explanation(explain, route, routes, memory, admissions).of(exchange);
                });
    }

    private ProblemException noSuchRoute(String field, String detail) {
        return Problem.of(ProblemCode.NOT_FOUND)
                .detail(detail)
                .with("field", field)
                .with("hint", "Routes in force: " + String.join(", ", routes.ids()))
                .exception();
    }

    private static byte[] bytes(DataBuffer buffer) {
        try {
            byte[] bytes = new byte[buffer.readableByteCount()];
            buffer.read(bytes);
            return bytes;
        } finally {
            DataBufferUtils.release(buffer);
        }
    }
}
