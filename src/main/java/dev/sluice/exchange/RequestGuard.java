package dev.sluice.exchange;

import dev.sluice.problem.Problem;
import dev.sluice.problem.ProblemCode;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.DecoderResult;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Refuses, before any filter, a request whose head two servers could read differently ({@link RequestHead}) or whose head
 * does not arrive in time; fails a body that is malformed; and ends a connection whose client goes on sending a body after
 * the answer. Whatever follows a refused request on its connection is discarded unread.
 *
 * <p>An answer that comes before the end of its request's body says that the connection ends with it, unless little of the
 * body is left: that is discarded, and the connection goes on. So a refused upload is not read. A client that waits for a
 * 100 which it did not get may leave the body out, and what it sent next would be taken for it (RFC 9110, 10.1.1).
 *
 * <p>One handler per connection, between the codec and {@link EarlyRefusals}; all of it runs on the connection's event loop.
 */
final class RequestGuard extends ChannelDuplexHandler {

    /** What is discarded rather than closing the connection. */
    private static final long DISCARDED_BYTES = 64 * 1024;

    private final Duration headerTimeout;
    private final Duration bodyTimeout;

    private boolean refused;
    private boolean inBody;
    private boolean decodedSomething;
    private int unanswered;
    private boolean answering;
    private boolean ending;
    private boolean awaitsContinue;

    /** Bytes of the body that have not come; {@link Long#MAX_VALUE} if it does not say its length. */
    private long bytesLeft;

    private @Nullable Future<?> deadline;

    /**
     * @param headerTimeout from a head's first byte to its last
     * @param bodyTimeout for the rest of a body after its request was answered
     */
    RequestGuard(Duration headerTimeout, Duration bodyTimeout) {
        this.headerTimeout = headerTimeout;
        this.bodyTimeout = bodyTimeout;
    }

    @Override
    public void channelRead(ChannelHandlerContext channel, Object message) {
        if (refused) {
            ReferenceCountUtil.release(message);
            return;
        }
        decodedSomething = true;
        if (!(message instanceof HttpRequest)
                && message instanceof HttpContent part
                && part.decoderResult().isFailure()) {
            part.release();
            breakOff(channel);
            return;
        }
        if (message instanceof HttpRequest request) {
            cancelDeadline();
            inBody = true;
            unanswered++;
            check(channel, request);
            awaitsContinue = !refused && HttpUtil.is100ContinueExpected(request);
            bytesLeft = refused || HttpUtil.isTransferEncodingChunked(request)
                    ? Long.MAX_VALUE
                    : HttpUtil.getContentLength(request, 0L);
        }
        if (message instanceof HttpContent part && bytesLeft != Long.MAX_VALUE) {
            bytesLeft -= part.content().readableBytes();
        }
        if (message instanceof LastHttpContent) {
            cancelDeadline();
            inBody = false;
        }
        channel.fireChannelRead(message);
    }

    private void check(ChannelHandlerContext channel, HttpRequest request) {
        if (!request.decoderResult().isFailure()) {
            String fault = RequestHead.fault(request);
            if (fault == null) {
                RequestHead.normalise(request);
                if (request.headers().contains(HttpHeaderNames.TRANSFER_ENCODING)) {
                    BrokenBody.expect(channel.channel());
                }
                return;
            }
            request.setDecoderResult(DecoderResult.failure(new RefusedRequest(Problem.invalid(
                    "request", fault, "Write the request line and the headers as HTTP/1.1 (RFC 9112) has them"))));
        }
        refused = true;
    }

    /** Fails the body of the only request that is under way; several are cut off. */
    private void breakOff(ChannelHandlerContext channel) {
        refused = true;
        if (unanswered == 1) {
            BrokenBody.announce(channel.channel());
        } else {
            channel.close();
        }
    }

    /** Bytes that came and make nothing yet, outside of a body, are the beginning of a head. */
    @Override
    public void channelReadComplete(ChannelHandlerContext channel) {
        if (!decodedSomething && !inBody && !refused && deadline == null) {
            deadline = schedule(channel, () -> headIsLate(channel), headerTimeout);
        }
        decodedSomething = false;
        channel.fireChannelReadComplete();
    }

    private void headIsLate(ChannelHandlerContext channel) {
        Problem late = Problem.of(ProblemCode.REQUEST_TIMEOUT)
                .detail("The request line and headers did not arrive within " + headerTimeout.toMillis() + " ms")
                .with("hint", "Send the whole head of a request at once");
        HttpRequest request = new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/bad-request");
        request.setDecoderResult(DecoderResult.failure(new RefusedRequest(late)));
        channelRead(channel, request);
        channel.fireChannelReadComplete();
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // the promise is the caller's, who listens to it
    public void write(ChannelHandlerContext channel, Object message, ChannelPromise promise) {
        if (message instanceof HttpResponse answer && HttpResponseStatus.SWITCHING_PROTOCOLS.equals(answer.status())) {
            // What follows is no HTTP, and not for us to judge.
            channel.write(message, promise);
            channel.pipeline().remove(this);
            return;
        }
        if (message instanceof HttpResponse answer) {
            answering = answer.status().codeClass() != HttpStatusClass.INFORMATIONAL;
            if (HttpResponseStatus.CONTINUE.equals(answer.status())) {
                awaitsContinue = false;
            }
            boolean last = bytesLeft > DISCARDED_BYTES || bytesLeft > 0 && !HttpUtil.isKeepAlive(answer);
            if (answering && inBody && unanswered == 1 && (last || awaitsContinue)) {
                ending = true;
                HttpUtil.setKeepAlive(answer, false);
            }
        }
        if (answering && message instanceof LastHttpContent) {
            answering = false;
            unanswered--;
            if (inBody && unanswered == 0 && deadline == null) {
                deadline = schedule(channel, channel::close, bodyTimeout);
            }
        }
        if (ending && unanswered == 0) {
            if (inBody) {
                LingeringClose.before(channel);
            }
            channel.write(message, promise.unvoid()).addListener(ChannelFutureListener.CLOSE);
        } else if (refused && unanswered == 0) {
            channel.write(message, promise.unvoid()).addListener(ChannelFutureListener.CLOSE);
        } else {
            channel.write(message, promise);
        }
    }

    @Override
    public void channelInactive(ChannelHandlerContext channel) {
        cancelDeadline();
        channel.fireChannelInactive();
    }

    @Override
    public void handlerRemoved(ChannelHandlerContext channel) {
        cancelDeadline();
    }

    private static Future<?> schedule(ChannelHandlerContext channel, Runnable task, Duration delay) {
        return channel.executor().schedule(task, delay.toMillis(), TimeUnit.MILLISECONDS);
    }

    private void cancelDeadline() {
        if (deadline != null) {
            deadline.cancel(false);
            deadline = null;
        }
    }
}
