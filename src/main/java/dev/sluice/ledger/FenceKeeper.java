package dev.sluice.ledger;

import dev.sluice.redis.KeySpace;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Fences every partition where it is due as soon as Redis can be reached, also those in which this instance has nothing to
 * charge: what it charged through the database before it was restarted must be seen by the others too.
 */
final class FenceKeeper {

    static final Duration EVERY = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(FenceKeeper.class);

    private final Ledger ledger;
    private final Fences fences;

    /** @param ledger on a connection of the background */
    FenceKeeper(Ledger ledger, Fences fences) {
        this.ledger = ledger;
        this.fences = fences;
    }

    /** Installs every fence that is due; what fails stays due. */
    Mono<Void> fenceAll() {
        return Flux.range(0, KeySpace.PARTITIONS)
                .filter(fences::isDue)
                .flatMap(partition -> ledger.fence(partition).onErrorResume(error -> {
                    log.debug("The fence of partition {} stays due: {}", partition, error.toString());
                    return Mono.empty();
                }))
                .then();
    }
}
