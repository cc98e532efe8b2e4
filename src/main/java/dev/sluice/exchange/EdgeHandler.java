package dev.sluice.exchange;

import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebExceptionHandler;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.server.WebHandler;
import org.springframework.web.server.adapter.HttpWebHandlerAdapter;
import org.springframework.web.server.adapter.WebHttpHandlerBuilder;
import org.springframework.web.server.handler.WebHandlerDecorator;
import org.springframework.web.util.DisconnectedClientHelper;
import reactor.core.publisher.Mono;

/**
 * What stands between the server and the filters. Does what Spring's own does, less what is paid for by every request and of
 * use to none here: an observation's context and listener, and a checkpoint, with its text, around each filter and each error.
 */
final class EdgeHandler extends HttpWebHandlerAdapter {

    private static final Logger log = LoggerFactory.getLogger(EdgeHandler.class);
    private static final DisconnectedClientHelper CLIENTS =
            new DisconnectedClientHelper(EdgeHandler.class.getName() + ".disconnected");

    private final WebFilterChain filters;
    private final List<WebExceptionHandler> errors;

    private EdgeHandler(HttpWebHandlerAdapter spring, List<WebFilter> filters, List<WebExceptionHandler> errors) {
        super(spring.getDelegate());
        this.filters = chain(filters, innermost(spring));
        this.errors = List.copyOf(errors);
        setSessionManager(spring.getSessionManager());
        setCodecConfigurer(spring.getCodecConfigurer());
        setLocaleContextResolver(spring.getLocaleContextResolver());
        if (spring.getApplicationContext() != null) {
            setApplicationContext(spring.getApplicationContext());
        }
    }

    /** Takes the place of what {@code builder} would build. */
    static void customize(WebHttpHandlerBuilder builder) {
        List<WebFilter> filters = new ArrayList<>();
        List<WebExceptionHandler> errors = new ArrayList<>();
        builder.filters(filters::addAll)
                .exceptionHandlers(errors::addAll)
                .httpHandlerDecorator(built -> inPlaceOf(built, filters, errors));
    }

    /** Forwarded headers are believed by nobody but us, so that there is nothing to transform. */
    private static HttpHandler inPlaceOf(HttpHandler built, List<WebFilter> filters, List<WebExceptionHandler> errors) {
        return built instanceof HttpWebHandlerAdapter spring && spring.getForwardedHeaderTransformer() == null
                ? new EdgeHandler(spring, filters, errors)
                : built;
    }

    private static WebHandler innermost(WebHandlerDecorator outer) {
        WebHandler inner = outer.getDelegate();
        while (inner instanceof WebHandlerDecorator decorator) {
            inner = decorator.getDelegate();
        }
        return inner;
    }

    private static WebFilterChain chain(List<WebFilter> filters, WebHandler end) {
        WebFilterChain chain = exchange -> Mono.defer(() -> end.handle(exchange));
        for (int i = filters.size() - 1; i >= 0; i--) {
            WebFilter filter = filters.get(i);
            WebFilterChain next = chain;
            chain = exchange -> Mono.defer(() -> filter.filter(exchange, next));
        }
        return chain;
    }

    @Override
    public Mono<Void> handle(ServerHttpRequest request, ServerHttpResponse response) {
        ServerWebExchange exchange = createExchange(request, response);
        return filters.filter(exchange)
                .onErrorResume(error -> handled(exchange, error))
                .then(exchange.cleanupMultipart())
                .then(Mono.defer(response::setComplete));
    }

    private Mono<Void> handled(ServerWebExchange exchange, Throwable error) {
        Mono<Void> handled = Mono.error(error);
        for (WebExceptionHandler handler : errors) {
            handled = handled.onErrorResume(left -> handler.handle(exchange, left));
        }
        return handled.onErrorResume(left -> unhandled(exchange, left));
    }

    /** An error of an answer that has begun, or of a handler. */
    private static Mono<Void> unhandled(ServerWebExchange exchange, Throwable error) {
        if (exchange.getResponse().setStatusCode(HttpStatus.INTERNAL_SERVER_ERROR)) {
            log.error("An error could not be answered", error);
            return Mono.empty();
        }
        if (CLIENTS.checkAndLogClientDisconnectedException(error)) {
            return Mono.empty();
        }
        log.error("An answer had begun when its request failed: {}", error.toString());
        return Mono.error(error);
    }
}
