package dev.sluice.exchange;

import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Closes a connection in two steps (RFC 9112, 9.6), so that a client which is still sending reads the answer: closed at
 * once with input unread, TCP resets the connection, and the answer is lost. Sends no more, discards what arrives, and
 * closes when the client does or after {@value #SECONDS} s. Under TLS it closes at once.
 */
final class LingeringClose extends ChannelDuplexHandler {

    private static final long SECONDS = 1;

    private boolean closing;
    private @Nullable Future<?> end;

    private LingeringClose() {}

    /** Has the connection of this handler closed so from now on. */
    static void before(ChannelHandlerContext handler) {
        if (handler.pipeline().get(LingeringClose.class) == null) {
            handler.pipeline().addBefore(handler.name(), null, new LingeringClose());
        }
    }

    @Override
    @SuppressWarnings("FutureReturnValueIgnored") // nothing is left to do when a close has failed
    public void close(ChannelHandlerContext channel, ChannelPromise promise) {
        if (closing) {
            channel.channel().closeFuture().addListener(closed -> promise.trySuccess());
            return;
        }
        if (!channel.channel().isActive()
                || !(channel.channel() instanceof DuplexChannel socket)
                || channel.pipeline().get(SslHandler.class) != null) {
            channel.close(promise);
            return;
        }
        closing = true;
        channel.channel().closeFuture().addListener(closed -> promise.trySuccess());
        socket.shutdownOutput();
        end = channel.executor().schedule(() -> channel.close(), SECONDS, TimeUnit.SECONDS);
        channel.read();
    }

    @Override
    public void channelInactive(ChannelHandlerContext channel) {
        if (end != null) {
            end.cancel(false);
        }
        channel.fireChannelInactive();
    }

    @Override
    public void channelRead(ChannelHandlerContext channel, Object message) {
        if (closing) {
            ReferenceCountUtil.release(message);
        } else {
            channel.fireChannelRead(message);
        }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext channel) {
        if (closing) {
            channel.read();
        } else {
            channel.fireChannelReadComplete();
        }
    }
}
