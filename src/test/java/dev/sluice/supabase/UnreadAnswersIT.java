package dev.sluice.supabase;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.URI;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.cloud.client.circuitbreaker.ReactiveCircuitBreaker;
import org.springframework.core.ParameterizedTypeReference;
import org.springframework.http.client.reactive.ReactorClientHttpConnector;
import org.springframework.web.reactive.function.client.WebClient;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.ByteBufFlux;
import reactor.netty.Connection;
import reactor.netty.DisposableServer;
import reactor.netty.channel.ChannelOperations;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;

/**
 * A call of Supabase is cancelled after its answer has been handed over and before anybody has it: nothing of it is left behind.
 * That no buffer is lost is checked after the class as well, see the testkit's Leaks.
 */
class UnreadAnswersIT {

    private static final Duration SOON = Duration.ofSeconds(60);
    private static final AtomicInteger OPENED = new AtomicInteger();
    private static final AtomicInteger CLOSED = new AtomicInteger();

    private static DisposableServer backend;

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
                    response.header("Content-Type", "application/json");
                    Mono<Void> answer = request.uri().contains("endless")
                            ? response.send(
                                            ByteBufFlux.fromString(
                                                    Flux.just("[1,").concatWith(Flux.never())),
                                            buffer -> true)
                                    .then()
                            : response.sendString(Mono.just("[1]")).then();
                    return request.receive().then(answer);
                })
                .bindNow();
    }

    @AfterAll
    static void stop() {
        backend.disposeNow();
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole", "endless"})
    void releasesTheAnswerToACancelledCallOfTheDatabase(String function) {
        releases(function, client -> rpc(client, function));
    }

    @ParameterizedTest
    @ValueSource(strings = {"whole", "endless"})
    void releasesTheAnswerToACancelledCallOfStorage(String path) {
        releases(
                path,
                client -> new StorageApi(client, url(), "service.key.secret", new NoBreaker(), new NoBreaker(), SOON)
                        .signUpload(path, false, null));
    }

    @Test
    void keepsTheConnectionOfAnAnswerThatWasRead() {
        int opened = OPENED.get();
        int closed = CLOSED.get();
        WebClient client = client(http -> http);

        for (int i = 0; i < 20; i++) {
            assertThat(rpc(client, "whole").block(SOON)).isEqualTo("[1]");
        }
        assertThat(OPENED.get() - opened)
                .as("one, and another where it was asked for again before it was back")
                .isLessThan(10);
        assertThat(CLOSED).hasValue(closed);
    }

    private static Mono<String> rpc(WebClient client, String function) {
        return new PostgRest(client, new NoBreaker(), SOON)
                .rpc(function, Map.of(), new ParameterizedTypeReference<String>() {});
    }

    /** The call is cancelled on the thread and in the moment in which Reactor Netty has handed over its answer. */
    private static void releases(String kind, Function<WebClient, Mono<String>> call) {
        int closed = CLOSED.get();
        AtomicReference<Connection> handedOver = new AtomicReference<>();
        Sinks.Empty<Void> left = Sinks.empty();
        WebClient client = client(http -> http.mapConnect(connection -> connection.doOnNext(answer -> {
            handedOver.set(answer);
            left.tryEmitEmpty();
        })));

        assertThat(call.apply(client).takeUntilOther(left.asMono()).block(SOON)).isNull();

        ChannelOperations<?, ?> answer = (ChannelOperations<?, ?>) requireNonNull(handedOver.get());
        await().atMost(SOON)
                .untilAsserted(() -> assertThat(answer.isInboundDisposed() || answer.isInboundCancelled())
                        .as("read or released")
                        .isTrue());
        if (kind.equals("endless")) {
            await().atMost(SOON).untilAsserted(() -> assertThat(CLOSED).hasValueGreaterThan(closed));
        }
    }

    private static WebClient client(Function<HttpClient, HttpClient> more) {
        HttpClient http = more.apply(SupabaseConfiguration.httpClient("unread-answers", SOON));
        return WebClient.builder()
                .clientConnector(new ReactorClientHttpConnector(http))
                .baseUrl(url().toString())
                .build();
    }

    private static URI url() {
        return URI.create("http://127.0.0.1:" + backend.port());
    }

    /** The calls alone are in question. */
    private static final class NoBreaker implements ReactiveCircuitBreaker {

        @Override
        public <T> Mono<T> run(Mono<T> call, Function<Throwable, Mono<T>> fallback) {
            return call;
        }

        @Override
        public <T> Flux<T> run(Flux<T> call, Function<Throwable, Flux<T>> fallback) {
            return call;
        }
    }
}
