package dev.sluice.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_REACTOR_CONTEXT_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.GATEWAY_ROUTE_ATTR;

import dev.sluice.testkit.Stack;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.cloud.gateway.filter.GatewayFilterChain;
import org.springframework.cloud.gateway.handler.RoutePredicateHandlerMapping;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.context.ApplicationContext;
import org.springframework.context.support.StaticApplicationContext;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.mock.http.server.reactive.MockServerHttpRequest;
import org.springframework.mock.web.server.MockServerWebExchange;
import org.springframework.web.reactive.DispatcherHandler;
import org.springframework.web.reactive.HandlerMapping;
import org.springframework.web.reactive.function.server.support.RouterFunctionMapping;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;
import reactor.core.publisher.Mono;

/** The short way to the routes of a whole edge, held against the gateway's own. */
class DirectRoutesIT {

    /** Not that of the stack. */
    private static final ApplicationContext OTHER = new StaticApplicationContext();

    private static Stack stack;

    @BeforeAll
    static void start() {
        stack = Stack.start();
    }

    @AfterAll
    static void stop() {
        stack.close();
    }

    @ParameterizedTest
    @CsvSource({
        "POST, /v1/supabase/signed-url, signed-url",
        "PUT, /v1/upload/avatars/a/b%20c.png, upload",
        "POST, /v1/upload/avatars/x;y=1?a=b, upload",
        "DELETE, /v1/upload/avatars/a.png, delete",
        "OPTIONS, /v1/upload/avatars/a.png, upload-options",
        "GET, /v1/usage, usage"
    })
    void leadsWhereTheGatewayLeads(String method, String path, String route) {
        MockServerWebExchange direct = exchange(method, path);
        MockServerWebExchange dispatched = exchange(method, path);

        Mono<Void> answer = stack.edge()
                .bean(DirectRoutes.class)
                .filter(direct, next -> Mono.error(new AssertionError("It went the long way")));
        assertThat(answer).isNotNull();
        Object handler = stack.edge()
                .bean(RoutePredicateHandlerMapping.class)
                .getHandler(dispatched)
                .block();

        assertThat(handler).isInstanceOf(RouteChains.class);
        assertThat(Objects.requireNonNull(direct.<Route>getAttribute(GATEWAY_ROUTE_ATTR))
                        .getId())
                .isEqualTo(route);
        assertThat(told(direct)).isEqualTo(told(dispatched));
    }

    @ParameterizedTest
    @CsvSource({"GET, /v1/supabase/signed-url", "GET, /", "PUT, /v1/upload", "POST, /v1//usage"})
    void asksTheGatewayWhereNoRouteMatches(String method, String path) {
        assertThat(stack.edge().bean(DirectRoutes.class).find(exchange(method, path)))
                .isNull();
    }

    @Test
    void leavesAPreflightToTheGateway() {
        MockServerWebExchange preflight = MockServerWebExchange.from(MockServerHttpRequest.options("/v1/upload/a/b")
                .header(HttpHeaders.ORIGIN, "https://app.example.com")
                .header(HttpHeaders.ACCESS_CONTROL_REQUEST_METHOD, "PUT"));

        assertThat(stack.edge().bean(DirectRoutes.class).find(preflight)).isNull();
    }

    /** Its handler has the edge's filters too. */
    @Test
    void leavesTheManagementPortAlone() {
        ServerWebExchange ofTheOther = new ServerWebExchangeDecorator(usage()) {
            @Override
            public ApplicationContext getApplicationContext() {
                return OTHER;
            }
        };

        assertThat(stack.edge().bean(DirectRoutes.class).find(ofTheOther)).isNull();
    }

    @Test
    void leavesARequestOfOtherRoutesToTheGateway() {
        MockServerWebExchange exchange = usage();
        Mono<Void> arrived = new RoutesAtArrival(new LiveRoutes(event -> {})).filter(exchange, next -> Mono.empty());
        assertThat(arrived).isNotNull();

        assertThat(stack.edge().bean(DirectRoutes.class).find(exchange)).isNull();
    }

    @Test
    void givesWayToWhatComesBeforeTheRoutes() {
        LiveRoutes live = stack.edge().bean(LiveRoutes.class);
        GatewayFilterChain chain = exchange -> Mono.empty();
        HandlerMapping other = exchange -> Mono.just(exchange);
        List<HandlerMapping> mappings = Objects.requireNonNull(
                stack.edge().bean(DispatcherHandler.class).getHandlerMappings());
        List<HandlerMapping> more = new ArrayList<>(mappings);
        more.add(0, other);
        List<HandlerMapping> last = new ArrayList<>(mappings);
        last.add(other);

        assertThat(Stream.of(mappings, last)
                        .map(some -> new DirectRoutes(OTHER, live, route -> chain, () -> some, false).find(usage())))
                .doesNotContainNull();
        assertThat(new DirectRoutes(OTHER, live, route -> chain, () -> more, false).find(usage()))
                .isNull();
        assertThat(new DirectRoutes(OTHER, live, route -> chain, () -> List.of(new RouterFunctionMapping()), false)
                        .find(usage()))
                .as("without routes")
                .isNull();
        assertThat(new DirectRoutes(OTHER, live, route -> chain, () -> mappings, true).find(usage()))
                .as("with CORS of the gateway's own")
                .isNull();
    }

    private static MockServerWebExchange usage() {
        return exchange("GET", "/v1/usage");
    }

    private static MockServerWebExchange exchange(String method, String path) {
        return MockServerWebExchange.from(
                MockServerHttpRequest.method(HttpMethod.valueOf(method), URI.create("http://edge.test" + path)));
    }

    /** What the routes' filters may rely on. */
    private static Map<String, String> told(MockServerWebExchange exchange) {
        Map<String, String> told = new HashMap<>();
        exchange.getAttributes().forEach((name, value) -> {
            if (name.contains("springframework.cloud.gateway") && !name.equals(GATEWAY_REACTOR_CONTEXT_ATTR)) {
                told.put(name, value instanceof Route route ? route.getId() : value.toString());
            }
        });
        return told;
    }
}
