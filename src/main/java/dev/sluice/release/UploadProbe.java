package dev.sluice.release;

import java.time.Instant;
import reactor.core.publisher.Mono;

/** Asks storage whether an upload came. */
public interface UploadProbe {

    /**
     * Completes with whether the object is there and not older than {@code since}. Fails if storage gives no clear answer.
     */
    Mono<Boolean> cameSince(String bucket, String path, Instant since);
}
