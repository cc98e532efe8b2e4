package dev.sluice.upload;

import java.io.IOException;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.netty.channel.AbortedException;

/**
 * The client broke off in the middle of the body that it sends. Told apart from a connection to the backend that broke off:
 * the gateway's client fails with what its body fails with.
 */
final class ClientGone extends AbortedException {

    private static final long serialVersionUID = 1;

    private ClientGone(Throwable cause) {
        super("The client broke off in the middle of its body");
        initCause(cause);
    }

    /** The same body, which fails with this error where the client's connection fails. */
    static Flux<DataBuffer> named(Flux<DataBuffer> body) {
        return body.onErrorMap(
                error -> error instanceof AbortedException || error instanceof IOException, ClientGone::new);
    }
}
