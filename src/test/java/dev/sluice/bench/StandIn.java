package dev.sluice.bench;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.ServerSocketChannel;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpServerKeepAliveHandler;
import reactor.netty.resources.LoopResources;

/**
 * A Supabase project that answers what Sluice asks as fast as it can, or after a delay, and keeps nothing but counters: a
 * process of its own, for measurements only. What it answers has the form of real answers; what is said to have been
 * stored was not.
 *
 * <p>{@code GET /control} answers {@link StandInCounts}, {@code GET /control/<storage>/<database>/<apply_usage>} too, and sets
 * the delays in milliseconds: of storage, of the database's functions, and of that one.
 */
public final class StandIn {

    private StandIn() {}

    /** @param arguments the port */
    public static void main(String[] arguments) {
        StandInState state = new StandInState();
        LoopResources loops = LoopResources.create("stand-in", 1, false);
        EventLoopGroup group = loops.onServer(true);
        ServerBootstrap server = new ServerBootstrap()
                .group(group)
                .channelFactory(() -> loops.onChannel(ServerSocketChannel.class, group))
                .childHandler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline()
                                .addLast(
                                        new HttpServerCodec(),
                                        new HttpServerKeepAliveHandler(),
                                        new StandInHandler(state));
                    }
                });
        Channel bound = server.bind("127.0.0.1", Integer.parseInt(arguments[0]))
                .syncUninterruptibly()
                .channel();
        bound.closeFuture().syncUninterruptibly();
    }
}
