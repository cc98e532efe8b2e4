package dev.sluice.supabase;

import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpResponseStatus;
import reactor.core.Disposable;
import reactor.core.Disposables;
import reactor.core.publisher.Mono;
import reactor.netty.Connection;
import reactor.netty.channel.ChannelOperations;
import reactor.netty.http.client.HttpClient;

/**
 * Releases the answers that nobody reads. Reactor Netty hands an answer over as its head arrives, and leaves the rest to who
 * reads it. Who cancels in just that moment has no answer yet, and is given none afterwards: neither the gateway's routing
 * (spring-cloud-gateway#4283, open) nor Spring's client then knows what to release. What had come of the answer was lost, and
 * while more of it was to come, so was the connection.
 *
 * <p>A {@link #watched} client tells of each answer before anybody is given it. {@link #releasedAfter} releases, as soon as the
 * call has ended in whatever way, what was not read until then and what comes later. An answer that was read keeps its
 * connection; one that had not ended loses it, for what it still sends cannot be told from the next answer.
 */
public final class UnreadAnswers {

    private UnreadAnswers() {}

    /** The client, whose answers {@link #releasedAfter} knows. */
    public static HttpClient watched(HttpClient client) {
        return client.doOnResponse((answer, connection) -> {
            // A WebSocket lives on when the call that began it has ended.
            if (!HttpResponseStatus.SWITCHING_PROTOCOLS.equals(answer.status())) {
                arrived(connection);
            }
        });
    }

    /** The call, which may make several attempts; what it signals must need nothing of an answer that is still to be read. */
    public static <T> Mono<T> releasedAfter(Mono<T> call) {
        return Mono.using(
                Disposables::composite,
                answers -> call.contextWrite(context -> context.put(UnreadAnswers.class, answers)),
                Disposable::dispose,
                false);
    }

    private static void arrived(Connection connection) {
        if (connection instanceof ChannelOperations<?, ?> answer) {
            Disposable.Composite answers = answer.currentContext().getOrDefault(UnreadAnswers.class, null);
            if (answers != null) {
                // Once the answer has ended it does not know its event loop any more.
                EventLoop eventLoop = answer.channel().eventLoop();
                answers.add(() -> release(answer, eventLoop));
            }
        }
    }

    /**
     * On the event loop, and not within what goes on there: the call may have ended with the last of its answer, which has yet
     * to return its connection.
     */
    private static void release(ChannelOperations<?, ?> answer, EventLoop eventLoop) {
        if (!answer.isInboundDisposed()) {
            eventLoop.execute(() -> {
                if (!answer.isInboundDisposed()) {
                    answer.dispose();
                }
            });
        }
    }
}
