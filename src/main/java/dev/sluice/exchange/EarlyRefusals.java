package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import dev.sluice.problem.ProblemWriter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.MediaType;

/**
 * Gives the one error form to what the server refuses before any filter sees it: a request line or headers past their
 * limits, what is no HTTP, a URI that is none (RFC 3986), and what {@link RequestGuard} refuses.
 *
 * <p>Netty and Spring answer these with an empty body; every other answer carries a request id, which tells them apart.
 * Their answers are changed on the way out rather than forestalled on the way in, so that an answer keeps its place
 * behind those of earlier requests on the connection. One handler per connection, next to the codec.
 */
final class EarlyRefusals extends ChannelDuplexHandler {

    private static final Logger log = LoggerFactory.getLogger(EarlyRefusals.class);

    private final ProblemWriter writer;
    private @Nullable HttpRequest last;
    private @Nullable Throwable undecodable;

    EarlyRefusals(ProblemWriter writer) {
        this.writer = writer;
    }

    @Override
    public void channelRead(ChannelHandlerContext channel, Object message) {
        if (message instanceof HttpObject part) {
            DecoderResult result = part.decoderResult();
            if (result.isFailure()) {
                undecodable = result.cause();
            }
            if (message instanceof HttpRequest request) {
                last = request;
            }
        }
        channel.fireChannelRead(message);
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the promise is the caller's, who listens to it
    public void write(ChannelHandlerContext channel, Object message, ChannelPromise promise) {
        if (!(message instanceof FullHttpResponse answer) || !isEarly(answer)) {
            channel.write(message, promise);
            return;
        }
        FullHttpResponse refusal = refusal(problem(answer.status().code()));
        answer.release();
        LingeringClose.before(channel);
        channel.write(refusal, promise.unvoid()).addListener(ChannelFutureListener.CLOSE);
    }

    private static boolean isEarly(FullHttpResponse answer) {
        int status = answer.status().code();
        return (status == 400 || status == 414 || status == 431)
                && !answer.content().isReadable()
                && !answer.headers().contains(RequestContext.REQUEST_ID_HEADER);
    }

    private Problem problem(int status) {
        if (undecodable instanceof RefusedRequest refused) {
            return refused.problem();
        }
        if (status == 414) {
            return Problem.of(ProblemCode.URI_TOO_LONG);
        }
        if (status == 431) {
            return Problem.of(ProblemCode.HEADERS_TOO_LARGE);
        }
        return undecodable != null
                ? Problem.invalid(
                        "request",
                        "The request is not well-formed HTTP",
                        "Write the request line, headers and body as HTTP/1.1 (RFC 9112) has them")
                : Problem.invalid(
                        "uri",
                        "The request's URI is malformed",
                        "Percent-encode what may not stand in a URI (RFC 3986), such as spaces, backslashes and a % by"
                                + " itself");
    }

    private FullHttpResponse refusal(Problem problem) {
        String requestId = RequestContext.newRequestId();
        try (LogScope scope = LogScope.of(requestId, null)) {
            log.info(
                    "{} {} {} before any filter: {}{}",
                    requestId,
                    problem.status(),
                    problem.code(),
                    problem.detail(),
                    undecodable == null ? "" : " [" + undecodable.getClass().getSimpleName() + "]");
        }
        boolean rfc9457 = last != null && ProblemWriter.accepts(last.headers().getAll(HttpHeaderNames.ACCEPT));
        ByteBuf body = Unpooled.wrappedBuffer(writer.bytes(problem, requestId, rfc9457));
        FullHttpResponse refusal =
                new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(problem.status()), body);
        refusal.headers()
                .set(
                        HttpHeaderNames.CONTENT_TYPE,
                        rfc9457 ? MediaType.APPLICATION_PROBLEM_JSON_VALUE : MediaType.APPLICATION_JSON_VALUE)
                .set(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes())
                .set(HttpHeaderNames.CACHE_CONTROL, HttpHeaderValues.NO_STORE)
                .set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE)
                .set(RequestContext.REQUEST_ID_HEADER, requestId);
        return refusal;
    }
}
