package dev.sluice.peers;

import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServer;

/** The floor for one decision in Redis on this stack: reactor-netty, without Spring, metrics or traces. */
public final class BareNetty {

    private BareNetty() {}

    /** @param arguments port, URI of Redis */
    public static void main(String[] arguments) {
        Settings.eventLoops();
        Counter counter = Counter.connect(arguments[1]);
        HttpServer.create()
                .host("127.0.0.1")
                .port(Integer.parseInt(arguments[0]))
                .handle((request, response) -> {
                    String caller = request.requestHeaders().get(Counter.CALLER);
                    return counter.count(caller == null ? "" : caller)
                            .flatMap(count -> response.header("Content-Type", "application/json")
                                    .header("Content-Length", Integer.toString(Counter.ANSWER.length))
                                    .sendByteArray(Mono.just(Counter.ANSWER))
                                    .then());
                })
                .bindNow()
                .onDispose()
                .block();
    }
}
