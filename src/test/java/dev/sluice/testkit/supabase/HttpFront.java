package dev.sluice.testkit.supabase;

import io.netty.buffer.Unpooled;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.util.concurrent.ImmediateEventExecutor;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.reactivestreams.Publisher;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;
import reactor.netty.DisposableServer;
import reactor.netty.http.server.HttpServer;
import reactor.netty.http.server.HttpServerRequest;
import reactor.netty.http.server.HttpServerResponse;
import reactor.netty.resources.LoopResources;

/**
 * The HTTP side: one or two event loops that never block, and a bounded pool of threads on which handlers do their
 * database and file work. Applies the planned {@link Faults}; waiting and hanging requests hold no thread.
 */
final class HttpFront implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);
    private static final int CLOSE_SECONDS = 5;
    private static final int FILE_CHUNK_BYTES = 64 * 1024;

    private final Function<Call, Endpoint> routes;
    private final Faults faults;
    private final RequestLog log;
    private final Scheduler workers = Schedulers.newBoundedElastic(64, 10_000, "local-supabase", 60, true);
    private final LoopResources loops = LoopResources.create("local-supabase-http", 1, 2, true);
    private final ChannelGroup connections = new DefaultChannelGroup(ImmediateEventExecutor.INSTANCE);
    private final DisposableServer server;

    HttpFront(String host, int port, Function<Call, Endpoint> routes, Faults faults, RequestLog log) {
        this.routes = routes;
        this.faults = faults;
        this.log = log;
        this.server = HttpServer.create()
                .host(host)
                .port(port)
                .runOn(loops)
                .channelGroup(connections)
                .httpRequestDecoder(
                        decoder -> decoder.maxInitialLineLength(64 * 1024).maxHeaderSize(64 * 1024))
                .handle(this::handle)
                .bindNow(Duration.ofSeconds(10));
    }

    int port() {
        return server.port();
    }

    @Override
    public void close() {
        connections.close().awaitUninterruptibly(CLOSE_SECONDS, TimeUnit.SECONDS);
        server.disposeNow(Duration.ofSeconds(CLOSE_SECONDS));
        loops.disposeLater(Duration.ZERO, Duration.ofSeconds(2)).block(Duration.ofSeconds(CLOSE_SECONDS));
        workers.dispose();
    }

    private Publisher<Void> handle(HttpServerRequest request, HttpServerResponse response) {
        Flux<byte[]> received = request.receive().asByteArray();
        Call call = Call.of(
                request.method().name(), request.uri(), request.requestHeaders(), InputStream.nullInputStream());
        Flux<byte[]> body = whole(received, call.contentLength());
        Endpoint endpoint = routes.apply(call);
        log.add(endpoint.name(), call);
        if (endpoint.name().equals(LocalGateway.REALTIME)) {
            return response.sendWebsocket(
                    (in, out) -> out.sendString(in.receive().asString()));
        }
        Fault fault = faults.next(endpoint.name());
        Mono<Reply> reply =
                answer(endpoint, call.withBody(new RequestBody(fault.body().apply(body))), fault);
        if (!fault.delay().isZero()) {
            reply = Mono.delay(fault.delay()).then(reply);
        }
        return reply.flatMap(answer -> switch (fault.ending()) {
            case ANSWER -> send(request, response, answer);
            case ANSWER_AND_CLOSE ->
                send(request, response.keepAlive(false), answer).then(disconnect(request));
            case CLOSE -> disconnect(request);
            case SILENCE -> Mono.never();
        });
    }

    /** The connection may be gone before its body is read, which then ends as if that was all. */
    private static Flux<byte[]> whole(Flux<byte[]> body, long declared) {
        AtomicLong seen = new AtomicLong();
        return body.doOnNext(bytes -> seen.addAndGet(bytes.length))
                .concatWith(Mono.defer(() -> seen.get() < declared
                        ? Mono.error(new IOException("The body ended after " + seen + " of " + declared + " bytes"))
                        : Mono.empty()));
    }

    private Mono<Reply> answer(Endpoint endpoint, Call call, Fault fault) {
        Reply instead = fault.instead();
        if (instead != null) {
            return Mono.just(instead);
        }
        if (!fault.performed()) {
            return Mono.just(Reply.empty(200));
        }
        return Mono.create(sink -> workers.schedule(() -> sink.success(work(endpoint, call))));
    }

    /** Does the work to its end also when the client has gone, as the real servers do. */
    private static Reply work(Endpoint endpoint, Call call) {
        try {
            return endpoint.handler().handle(call);
        } catch (IOException e) {
            LOG.debug("{} {} broke off", call.method(), endpoint.name(), e);
        } catch (Exception e) {
            LOG.warn("{} {} failed", call.method(), endpoint.name(), e);
        }
        return Reply.json(
                500, Json.object("statusCode", "500", "error", "internal", "message", "Internal Server Error"));
    }

    private Mono<Void> send(HttpServerRequest request, HttpServerResponse response, Reply reply) {
        response.status(reply.status());
        reply.headers().forEach(response::header);
        boolean bodiless = reply.status() == 204 || reply.status() == 304;
        if (!reply.chunked() && !bodiless) {
            response.header(HttpHeaderNames.CONTENT_LENGTH, Long.toString(reply.length()));
        }
        if (bodiless || HttpMethod.HEAD.equals(request.method())) {
            return response.send().then();
        }
        Reply.Slice slice = reply.file();
        if (slice != null) {
            return response.sendByteArray(read(slice)).then();
        }
        if (reply.chunked()) {
            return response.send(
                            Flux.just(Unpooled.wrappedBuffer(reply.bytes())).hide())
                    .then();
        }
        return response.sendByteArray(Mono.just(reply.bytes())).then();
    }

    private static Mono<Void> disconnect(HttpServerRequest request) {
        return Mono.defer(() -> {
            request.withConnection(connection -> connection.dispose());
            return Mono.never();
        });
    }

    private Flux<byte[]> read(Reply.Slice slice) {
        return Flux.using(() -> open(slice), stream -> chunks(stream, slice.length()), HttpFront::close)
                .subscribeOn(workers, true);
    }

    private static InputStream open(Reply.Slice slice) throws IOException {
        InputStream stream = Files.newInputStream(slice.file());
        stream.skipNBytes(slice.offset());
        return stream;
    }

    private static Flux<byte[]> chunks(InputStream stream, long length) {
        return Flux.generate(() -> length, (left, sink) -> {
            try {
                byte[] chunk = stream.readNBytes((int) Math.min(left, FILE_CHUNK_BYTES));
                if (chunk.length == 0) {
                    sink.complete();
                } else {
                    sink.next(chunk);
                }
                return left - chunk.length;
            } catch (IOException e) {
                sink.error(e);
                return left;
            }
        });
    }

    private static void close(InputStream stream) {
        try {
            stream.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
