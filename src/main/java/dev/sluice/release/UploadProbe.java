package dev.sluice.release;

import dev.sluice.release.PendingUpload.Target;
import java.time.Instant;
import reactor.core.publisher.Mono;

/** Asks storage whether an upload came. */
public interface UploadProbe {

    /** Whether it can tell of uploads like this one. */
    boolean knows(Target target);

    /**
     * Completes with whether the object is there and not older than {@code since}, and if not, when it cannot come any more.
     * Fails if storage gives no clear answer.
     */
    Mono<Boolean> cameSince(Target target, Instant since);
}
