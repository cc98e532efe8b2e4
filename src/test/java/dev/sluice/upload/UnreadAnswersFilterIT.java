package dev.sluice.upload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.CLIENT_RESPONSE_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.CLIENT_RESPONSE_CONN_ATTR;
import static org.springframework.cloud.gateway.support.ServerWebExchangeUtils.CLIENT_RESPONSE_HEADER_NAMES;

import dev.sluice.testkit.BareEdge;
import dev.sluice.testkit.DepartingClient;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.springframework.cloud.gateway.filter.GatewayFilter;
import org.springframework.cloud.gateway.filter.OrderedGatewayFilter;
import org.springframework.cloud.gateway.filter.factory.AbstractGatewayFilterFactory;
import org.springframework.core.Ordered;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.ServerWebExchangeDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.ByteBufFlux;
import reactor.netty.DisposableServer;
import reactor.netty.channel.ChannelOperations;
import reactor.netty.http.server.HttpServer;

/**
 * A client leaves in one certain moment while the gateway has the backend's answer and nobody has read it: nothing of it is left
 * behind. That no buffer is lost is checked after the class as well, see the testkit's Leaks.
 */
class UnreadAnswersFilterIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final int PATIENT = 60_000;
    /** Has no body: Reactor Netty closes a connection whose answer comes before the request's body is known to be sent. */
    private static final String REQUEST = "DELETE /files/%s/a/x HTTP/1.1\r\nHost: edge\r\nclaimed-user: a\r\n%s\r\n";

    private static final AtomicInteger OPENED = new AtomicInteger();
    private static final AtomicInteger CLOSED = new AtomicInteger();
    private static final BlockingQueue<ChannelOperations<?, ?>> ANSWERS = new LinkedBlockingQueue<>();

    private static DisposableServer backend;
    private static BareEdge edge;

    /** When the client is gone, by what the gateway does last. */
    enum Moment {
        /** It has been given the answer, and where to find its connection has not been noted yet. */
        GIVEN("put", CLIENT_RESPONSE_ATTR),
        /** The answer's headers have been passed on. */
        NOTED("put", CLIENT_RESPONSE_HEADER_NAMES),
        /** A refusal is about to be read, so that its connection is no longer noted. */
        TAKEN("remove", CLIENT_RESPONSE_CONN_ATTR);

        private final String method;
        private final String attribute;

        Moment(String method, String attribute) {
            this.method = method;
            this.attribute = attribute;
        }
    }

    @BeforeAll
    static void start() {
        backend = HttpServer.create()
                .host("127.0.0.1")
                .port(0)
                .doOnChannelInit((observer, channel, from) -> {
                    OPENED.incrementAndGet();
                    channel.closeFuture().addListener(closed -> CLOSED.incrementAndGet());
                })
                .handle((request, response) -> {
                    response.status(request.uri().contains("refused") ? 409 : 200);
                    Mono<Void> answer = request.uri().contains("endless")
                            ? response.send(
                                            ByteBufFlux.fromString(
                                                    Flux.just("beginning").concatWith(Flux.never())),
                                            buffer -> true)
                                    .then()
                            : response.sendString(Mono.just("whole")).then();
                    return request.receive().then(answer);
                })
                .bindNow();
        String supabase = "http://127.0.0.1:" + backend.port();
        edge = BareEdge.of(supabase, "service.key.secret")
                .filter(new LeavingGatewayFilterFactory())
                .route(
                        supabase,
                        "Path=/files/{bucket}/**",
                        "Leaving",
                        "Claimed",
                        "UploadIntent=path",
                        "RewritePath=/files/(?<object>.*), /storage/v1/object/$\\{object}")
                .start();
    }

    @AfterAll
    static void stop() {
        edge.close();
        backend.disposeNow();
    }

    @ParameterizedTest
    @CsvSource({
        "GIVEN, whole",
        "GIVEN, endless",
        "GIVEN, whole-refused",
        "GIVEN, endless-refused",
        "NOTED, whole",
        "NOTED, endless",
        "TAKEN, whole-refused",
        "TAKEN, endless-refused"
    })
    void releasesTheAnswerOfAClientThatHasLeft(Moment moment, String bucket) throws Exception {
        int closed = CLOSED.get();
        try (DepartingClient client = DepartingClient.connect(edge.port())) {
            client.send(request(bucket, "leaves: " + moment + "\r\n"));
            assertReleased();
        }
        if (bucket.startsWith("endless")) {
            await().atMost(SOON).untilAsserted(() -> assertThat(CLOSED).hasValueGreaterThan(closed));
        }
    }

    @ParameterizedTest
    @CsvSource({"whole", "endless"})
    void releasesAnAnswerThatIsNotWritten(String bucket) throws Exception {
        int closed = CLOSED.get();
        try (DepartingClient client = DepartingClient.connect(edge.port())) {
            client.send(request(bucket, "hides: true\r\n"));
            assertReleased();
        }
        if (bucket.equals("endless")) {
            await().atMost(SOON).untilAsserted(() -> assertThat(CLOSED).hasValueGreaterThan(closed));
        }
    }

    @Test
    void keepsTheConnectionOfAnAnswerThatWasRead() throws Exception {
        int opened = OPENED.get();
        try (DepartingClient client = DepartingClient.connect(edge.port())) {
            for (int i = 0; i < 20; i++) {
                assertThat(client.send(request("whole", "")).answer(PATIENT).is(200))
                        .isTrue();
                assertThat(client.send(request("whole-refused", ""))
                                .answer(PATIENT)
                                .is(409))
                        .isTrue();
            }
        }
        assertThat(OPENED.get() - opened)
                .as("one, and another where it was asked for again before it was back")
                .isLessThan(10);
    }

    private static String request(String bucket, String header) {
        return REQUEST.formatted(bucket, header);
    }

    private static void assertReleased() throws InterruptedException {
        ChannelOperations<?, ?> answer = ANSWERS.poll(SOON.toSeconds(), TimeUnit.SECONDS);
        assertThat(answer).as("the backend's answer").isNotNull();
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(answer.isInboundDisposed() || answer.isInboundCancelled())
                        .as("read or released")
                        .isTrue());
    }

    /**
     * Ends a request that {@code leaves} in the {@link Moment} of that header, from outside of all that looks after it; and
     * {@code hides} the answer's connection from who would write it.
     */
    private static final class LeavingGatewayFilterFactory extends AbstractGatewayFilterFactory<Object> {

        @Override
        public GatewayFilter apply(Object config) {
            return new OrderedGatewayFilter(
                    (exchange, chain) -> {
                        String moment = exchange.getRequest().getHeaders().getFirst("leaves");
                        boolean hides = exchange.getRequest().getHeaders().containsHeader("hides");
                        if (moment == null && !hides) {
                            return chain.filter(exchange);
                        }
                        Moment leaves = moment == null ? null : Moment.valueOf(moment);
                        Sinks.Empty<Void> left = Sinks.empty();
                        return chain.filter(watched(exchange, (method, attribute) -> {
                                    if (leaves != null
                                            && leaves.method.equals(method)
                                            && leaves.attribute.equals(attribute)) {
                                        left.tryEmitEmpty();
                                    }
                                    if (hides && attribute.equals(CLIENT_RESPONSE_HEADER_NAMES)) {
                                        exchange.getAttributes().remove(CLIENT_RESPONSE_CONN_ATTR);
                                    }
                                }))
                                .takeUntilOther(left.asMono())
                                .then(Mono.never());
                    },
                    Ordered.HIGHEST_PRECEDENCE);
        }

        private static ServerWebExchange watched(ServerWebExchange exchange, BiConsumer<String, Object> done) {
            Map<?, ?> attributes = (Map<?, ?>) Proxy.newProxyInstance(
                    Map.class.getClassLoader(), new Class<?>[] {Map.class}, (proxy, method, arguments) -> {
                        Object result = method.invoke(exchange.getAttributes(), arguments);
                        if (arguments != null) {
                            if (method.getName().equals("put") && arguments[0].equals(CLIENT_RESPONSE_ATTR)) {
                                ANSWERS.add((ChannelOperations<?, ?>) arguments[1]);
                            }
                            done.accept(method.getName(), arguments[0]);
                        }
                        return result;
                    });
            return new ServerWebExchangeDecorator(exchange) {
                @Override
                @SuppressWarnings("unchecked")
                public Map<String, Object> getAttributes() {
                    return (Map<String, Object>) attributes;
                }
            };
        }
    }
}
