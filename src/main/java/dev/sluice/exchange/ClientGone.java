package dev.sluice.exchange;

import java.io.IOException;
import org.springframework.core.io.buffer.DataBuffer;
import reactor.core.publisher.Flux;
import reactor.netty.channel.AbortedException;

/**
 * The client went before its request had ended. Told apart from a connection to a backend that broke off, since the
 * gateway's client fails with what its body fails with; nobody reads an answer, and nothing is logged as an error.
 */
public final class ClientGone extends AbortedException {

    private static final long serialVersionUID = 1;

    /** The request was cut off and accounted for; whatever still runs of it stops. */
    public ClientGone() {
        super("The request has ended");
    }

    private ClientGone(Throwable cause) {
        super("The client broke off in the middle of its body");
        initCause(cause);
    }

    /** The same body, which fails with this error where the client's connection fails. */
    public static Flux<DataBuffer> named(Flux<DataBuffer> body) {
        return body.onErrorMap(
                error -> error instanceof AbortedException || error instanceof IOException, ClientGone::new);
    }
}
