package dev.sluice.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpHeadersFactory;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One connection to the stand-in: keeps the bodies of calls to the database, counts those of uploads. */
final class StandInHandler extends SimpleChannelInboundHandler<HttpObject> {

    private static final String REST = "/rest/v1/rpc/";
    private static final String CONTROL = "/control";
    private static final String SELF_TEST = "/storage/v1/object/upload/sign/sluice-self-test-";

    private final StandInState state;
    private final ByteArrayOutputStream body = new ByteArrayOutputStream();
    private @Nullable HttpRequest request;
    private long length;

    StandInHandler(StandInState state) {
        this.state = state;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, HttpObject part) throws IOException {
        if (part instanceof HttpRequest head) {
            request = head;
            body.reset();
            length = 0;
            if (HttpUtil.is100ContinueExpected(head)) {
                context.writeAndFlush(new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.CONTINUE));
            }
        }
        HttpRequest current = request;
        if (part instanceof HttpContent content && current != null) {
            ByteBuf bytes = content.content();
            length += bytes.readableBytes();
            if (current.uri().startsWith(REST)) {
                bytes.readBytes(body, bytes.readableBytes());
            }
            if (part instanceof LastHttpContent) {
                request = null;
                answer(context, current);
            }
        }
    }

    private void answer(ChannelHandlerContext context, HttpRequest asked) {
        String uri = asked.uri();
        if (uri.startsWith(CONTROL)) {
            state.control(uri.substring(CONTROL.length()));
            write(context, 200, state.counts().json(), 0);
        } else if (uri.startsWith(REST)) {
            String function = uri.substring(REST.length());
            write(context, 200, state.call(function, body.toByteArray()), state.databaseMillis(function));
        } else if (uri.startsWith(SELF_TEST)) {
            write(context, 400, StandInState.NO_BUCKET, 0);
        } else {
            state.stored(length);
            write(context, 200, StandInState.storage(uri), state.storageMillis());
        }
    }

    private static void write(ChannelHandlerContext context, int status, byte[] json, long afterMillis) {
        FullHttpResponse answer = new DefaultFullHttpResponse(
                HttpVersion.HTTP_1_1,
                HttpResponseStatus.valueOf(status),
                Unpooled.wrappedBuffer(json),
                DefaultHttpHeadersFactory.headersFactory().withValidation(false),
                DefaultHttpHeadersFactory.trailersFactory());
        answer.headers()
                .set(HttpHeaderNames.CONTENT_TYPE, HttpHeaderValues.APPLICATION_JSON)
                .setInt(HttpHeaderNames.CONTENT_LENGTH, json.length);
        if (afterMillis == 0) {
            context.writeAndFlush(answer);
        } else {
            context.executor().schedule(() -> context.writeAndFlush(answer), afterMillis, TimeUnit.MILLISECONDS);
        }
    }

    /** A client that goes in the middle is not the stand-in's affair. */
    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
        context.close();
    }
}
