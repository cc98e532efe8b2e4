package dev.sluice.exchange;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.reactivestreams.Subscription;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.web.server.context.WebServerApplicationContext;
import org.springframework.context.SmartLifecycle;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import reactor.core.publisher.Mono;
import reactor.core.publisher.SignalType;
import reactor.core.publisher.Sinks;
import reactor.netty.http.server.HttpServerRequest;

/**
 * The requests that have not ended yet, and the last step of the web server's shutdown. What outlasted the time that
 * running requests are given is cut off, as if its client had gone; then the end of every request is awaited, since its
 * accounting comes after its answer. So when this has stopped, no request will report anything any more.
 */
final class RequestsUnderWay implements SmartLifecycle {

    private static final Logger log = LoggerFactory.getLogger(RequestsUnderWay.class);

    /** Nothing that a cut request still does takes time; this only bounds a mistake. */
    private static final Duration LIMIT = Duration.ofSeconds(2);

    private final Map<ServerHttpRequest, Subscription> requests = new ConcurrentHashMap<>();
    private volatile Sinks.Empty<Void> none = Sinks.empty();
    private volatile boolean running;

    RequestsUnderWay(MeterRegistry registry) {
        Gauge.builder("sluice.requests.active", requests, Map::size)
                .description("Requests that have not ended yet")
                .register(registry);
    }

    /**
     * Takes a request into account, from its subscription to its end.
     *
     * @param atEnd what belongs to the request still, and must not throw
     */
    Mono<Void> track(ServerHttpRequest request, Mono<Void> handling, Consumer<SignalType> atEnd) {
        return handling.doFinally(end -> {
                    atEnd.accept(end);
                    ended(request);
                })
                .doOnSubscribe(subscription -> requests.put(request, subscription));
    }

    private void ended(ServerHttpRequest request) {
        requests.remove(request);
        if (!running && requests.isEmpty()) {
            none.tryEmitEmpty();
        }
    }

    @Override
    public void start() {
        none = Sinks.empty();
        running = true;
    }

    @Override
    public void stop(Runnable callback) {
        running = false;
        requests.forEach(RequestsUnderWay::cutOff);
        if (requests.isEmpty()) {
            none.tryEmitEmpty();
        }
        var unused = none.asMono()
                .timeout(LIMIT, Mono.fromRunnable(() -> log.warn("{} requests do not end", requests.size())))
                .doFinally(end -> callback.run())
                .toFuture();
    }

    /**
     * Ends the request and its connection. Both, because reactor-netty 1.3.8 no longer tells a request that its connection
     * was closed once the server is being stopped: {@code ServerTransport.disposeNow} disposes of the request's operations
     * as soon as the channel closes, and disposing forgets the request without cancelling it.
     */
    private static void cutOff(ServerHttpRequest request, Subscription handling) {
        handling.cancel();
        if (ServerHttpRequestDecorator.getNativeRequest(request) instanceof HttpServerRequest exchanged) {
            exchanged.withConnection(connection -> {
                var unused = connection.channel().close();
            });
        }
    }

    @Override
    public void stop() {
        stop(() -> {});
    }

    @Override
    public boolean isRunning() {
        return running;
    }

    /** After the time that running requests are given, before what they report to. */
    @Override
    public int getPhase() {
        return WebServerApplicationContext.GRACEFUL_SHUTDOWN_PHASE - 128;
    }
}
