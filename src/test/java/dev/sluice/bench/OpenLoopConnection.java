package dev.sluice.bench;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** One connection of the open loop. */
final class OpenLoopConnection extends SimpleChannelInboundHandler<FullHttpResponse> {

    private static final Pattern SUPABASE = Pattern.compile("\"supabaseCall\":([0-9.]+)");

    private final OpenLoop loop;
    private @Nullable ChannelHandlerContext context;
    private long intendedNanos;

    OpenLoopConnection(OpenLoop loop) {
        this.loop = loop;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext added) {
        context = added;
    }

    void ask(long intended) {
        intendedNanos = intended;
        String user = Integer.toString(ThreadLocalRandom.current().nextInt(Keys.USERS));
        ByteBuf body = Unpooled.copiedBuffer(Load.SIGN.body().replace("@", user), StandardCharsets.UTF_8);
        FullHttpRequest request =
                new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, Load.SIGN.path(), body);
        request.headers()
                .set(HttpHeaderNames.HOST, "127.0.0.1")
                .set("X-API-Key", Load.SIGN.keys().prefix() + user)
                .set(HttpHeaderNames.CONTENT_TYPE, "application/json")
                .setInt(HttpHeaderNames.CONTENT_LENGTH, body.readableBytes());
        Objects.requireNonNull(context).writeAndFlush(request);
    }

    @Override
    protected void channelRead0(ChannelHandlerContext channel, FullHttpResponse answer) {
        Matcher supabase = SUPABASE.matcher(answer.content().toString(StandardCharsets.UTF_8));
        double waited = supabase.find() ? Double.parseDouble(supabase.group(1)) : 0;
        loop.answered(this, intendedNanos, answer.status().code() == 200 ? waited : -1);
    }

    @Override
    public void channelInactive(ChannelHandlerContext channel) {
        loop.lost(new ClosedChannelException());
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext channel, Throwable cause) {
        loop.lost(cause);
    }
}
