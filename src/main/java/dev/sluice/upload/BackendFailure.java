package dev.sluice.upload;

import dev.sluice.exchange.ClientGone;
import dev.sluice.problem.Problem;
import io.netty.channel.ConnectTimeoutException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.UnknownHostException;
import java.util.concurrent.TimeoutException;
import org.springframework.web.server.ResponseStatusException;
import reactor.netty.channel.AbortedException;

/** What the gateway's client fails with, as the contract tells it. */
final class BackendFailure {

    private BackendFailure() {}

    /** 504 where time ran out, 502 where the connection failed; any other error, and that of the client, as it is. */
    static Throwable problem(Throwable error) {
        if (error instanceof ClientGone) {
            return error;
        }
        if (isTimeout(error)) {
            return Problem.supabase(504, "The backend did not answer in time").exception();
        }
        if (error instanceof IOException || error instanceof AbortedException) {
            return Problem.supabase(502, "The backend cannot be reached, or broke off")
                    .exception();
        }
        return error;
    }

    /** Whether the backend cannot have had any of the request, so that there was nothing it could do. */
    static boolean isBeforeTheRequest(Throwable error) {
        return error instanceof ConnectException || error instanceof UnknownHostException;
    }

    private static boolean isTimeout(Throwable error) {
        return error instanceof ConnectTimeoutException
                || error instanceof TimeoutException
                || error instanceof io.netty.handler.timeout.TimeoutException
                || (error instanceof ResponseStatusException status
                        && status.getStatusCode().value() == 504);
    }
}
