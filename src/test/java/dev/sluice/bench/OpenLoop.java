package dev.sluice.bench;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpObjectAggregator;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import reactor.netty.resources.LoopResources;

/**
 * Asks for upload URLs at a constant rate, over connections that it has from the beginning, each with one request at a
 * time; a process of its own. What is late is sent late, and its time counts from when it should have been sent: a slow
 * answer hides none of the next ones (the coordinated omission of closed loops, Gil Tene, "How NOT to Measure Latency").
 *
 * <p>All of it is on one event loop. It prints one line, read by {@link OpenLoopFigures}.
 */
public final class OpenLoop {

    private static final int ANSWER_LIMIT = 1 << 20;

    /** Of load that is not counted: this program is new, and late itself until it is compiled. */
    private static final int LEAD_SECONDS = 20;

    private final OpenLoopFigures.Recorder recorder = new OpenLoopFigures.Recorder();
    private final CompletableFuture<OpenLoopFigures> end = new CompletableFuture<>();
    private final Deque<OpenLoopConnection> idle = new ArrayDeque<>();
    private final Queue<Long> due = new ArrayDeque<>();
    private final int rate;
    private final long total;
    private long startNanos;
    private long begun;
    private long ended;

    private OpenLoop(int rate, int seconds) {
        this.rate = rate;
        this.total = (long) rate * (LEAD_SECONDS + seconds);
    }

    /** @param arguments port, requests per second, seconds that are counted, connections */
    public static void main(String[] arguments) throws Exception {
        OpenLoop loop = new OpenLoop(Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]));
        System.out.println(loop.run(Integer.parseInt(arguments[0]), Integer.parseInt(arguments[3]))
                .line());
        System.exit(0);
    }

    private OpenLoopFigures run(int port, int connections) throws Exception {
        LoopResources loops = LoopResources.create("open-loop", 1, true);
        EventLoopGroup group = loops.onClient(true);
        for (int i = 0; i < connections; i++) {
            OpenLoopConnection connection = new OpenLoopConnection(this);
            Channel channel = new Bootstrap()
                    .group(group)
                    .channelFactory(() -> loops.onChannel(SocketChannel.class, group))
                    .handler(new ChannelInitializer<>() {
                        @Override
                        protected void initChannel(Channel made) {
                            made.pipeline()
                                    .addLast(new HttpClientCodec(), new HttpObjectAggregator(ANSWER_LIMIT), connection);
                        }
                    })
                    .connect("127.0.0.1", port)
                    .sync()
                    .channel();
            channel.eventLoop().submit(() -> idle.add(connection)).sync();
        }
        group.execute(() -> {
            startNanos = System.nanoTime();
            tick(group);
        });
        return end.get();
    }

    private void tick(EventLoopGroup group) {
        long now = System.nanoTime();
        while (begun < total && intended(begun) <= now) {
            due.add(intended(begun++));
        }
        dispatch();
        if (begun < total) {
            var unused = group.schedule(
                    () -> tick(group), Math.max(0, intended(begun) - System.nanoTime()), TimeUnit.NANOSECONDS);
        }
    }

    private long intended(long number) {
        return startNanos + number * TimeUnit.SECONDS.toNanos(1) / rate;
    }

    private void dispatch() {
        while (!due.isEmpty() && !idle.isEmpty()) {
            idle.remove().ask(due.remove());
        }
    }

    /**
     * A request has ended.
     *
     * @param supabaseMillis how much of it was waiting for Supabase, by the answer's own word, 0 if it says nothing; negative
     *     if it failed
     */
    void answered(OpenLoopConnection connection, long intendedNanos, double supabaseMillis) {
        long took = System.nanoTime() - intendedNanos;
        if (supabaseMillis < 0 || intendedNanos - startNanos >= TimeUnit.SECONDS.toNanos(LEAD_SECONDS)) {
            recorder.add(took, supabaseMillis);
        }
        ended++;
        idle.add(connection);
        dispatch();
        if (ended == total) {
            end.complete(recorder.figures());
        }
    }

    /** A connection was lost, which ends the run. */
    void lost(Throwable error) {
        end.completeExceptionally(error);
    }
}
