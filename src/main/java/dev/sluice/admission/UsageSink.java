package dev.sluice.admission;

import dev.sluice.journal.UsageEvent;
import reactor.core.publisher.Mono;

/** Where the admission hands what has to be recorded. An implementation never drops an event. */
public interface UsageSink {

    /** Records how an admitted request ended; completes at once unless the sink is full. */
    Mono<Void> outcome(UsageEvent outcome);

    /** Gives a charge back, now or later, also when the request is gone. Safe to repeat, and if nothing was charged. */
    void refundLater(UsageEvent charge);

    /** Records a charge that policy admitted while neither Redis nor the database could be reached. */
    void chargeLater(UsageEvent charge);

    /** Whether so much is waiting to be recorded that nothing more may be charged to the stream for now. */
    boolean isFull();
}
