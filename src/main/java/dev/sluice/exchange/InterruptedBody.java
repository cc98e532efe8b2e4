package dev.sluice.exchange;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** A body that ends with an error from elsewhere, while nothing more is taken from the client. */
final class InterruptedBody {

    private InterruptedBody() {}

    /** @param reason brings the error; empty if the body is to be left alone */
    static Flux<DataBuffer> of(Flux<DataBuffer> body, Mono<? extends Throwable> reason) {
        return Flux.defer(() -> {
            AtomicReference<@Nullable Throwable> error = new AtomicReference<>();
            // An error of the other would pass without cancelling the body, whose buffers would then be lost.
            return body.takeUntilOther(reason.<Throwable>map(cause -> cause)
                            .doOnNext(error::set)
                            .switchIfEmpty(Mono.never()))
                    .concatWith(Mono.defer(() -> failure(error.get())))
                    // Cancelled by the backend's event loop while the client's brings a buffer.
                    .doOnDiscard(DataBuffer.class, DataBufferUtils::release);
        });
    }

    private static Mono<DataBuffer> failure(@Nullable Throwable error) {
        return error == null ? Mono.empty() : Mono.error(error);
    }
}
