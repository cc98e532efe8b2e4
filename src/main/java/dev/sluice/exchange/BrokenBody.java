package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemException;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.netty.http.server.HttpServerRequest;

/**
 * Carries the news that a chunked body is malformed from the connection to whoever reads the body, now or later. The server
 * itself would end such a body as if it were whole, and answer beside the filters.
 */
final class BrokenBody {

    private static final AttributeKey<Sinks.One<ProblemException>> NEWS =
            AttributeKey.valueOf(BrokenBody.class, "news");

    private BrokenBody() {}

    /** Begins a chunked body. */
    static void expect(Channel channel) {
        channel.attr(NEWS).set(Sinks.one());
    }

    /** Ends it: nothing of it is to be believed. */
    static void announce(Channel channel) {
        Sinks.One<ProblemException> news = channel.attr(NEWS).get();
        if (news != null) {
            news.tryEmitValue(malformed());
        }
    }

    /** The request, with a body that fails where it is malformed. */
    static ServerHttpRequest watched(ServerHttpRequest request) {
        Mono<ProblemException> news = news(request);
        return news == null
                ? request
                : new ServerHttpRequestDecorator(request) {
                    @Override
                    public Flux<DataBuffer> getBody() {
                        return InterruptedBody.of(super.getBody(), news);
                    }
                };
    }

    private static @Nullable Mono<ProblemException> news(ServerHttpRequest request) {
        if (!request.getHeaders().containsHeader(HttpHeaders.TRANSFER_ENCODING)) {
            return null;
        }
        AtomicReference<@Nullable Mono<ProblemException>> news = new AtomicReference<>();
        HttpServerRequest server = ServerHttpRequestDecorator.getNativeRequest(request);
        server.withConnection(connection -> {
            Sinks.One<ProblemException> sink = connection.channel().attr(NEWS).get();
            news.set(sink == null ? null : sink.asMono());
        });
        return news.get();
    }

    private static ProblemException malformed() {
        return Problem.invalid(
                        "body",
                        "The body is not well-formed HTTP",
                        "Write chunks as HTTP/1.1 (RFC 9112, 7.1) has them, or send Content-Length")
                .header(HttpHeaders.CONNECTION, "close")
                .exception();
    }
}
