package dev.sluice.admission;

import dev.sluice.journal.UsageEvent;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * Where the admission hands what has to be recorded. An implementation never drops an event, and carries out what was
 * subscribed to even if the subscriber cancels.
 */
public interface UsageSink {

    /** Records how an admitted request ended; completes at once unless the sink is full. Never fails. */
    Mono<Void> outcome(UsageEvent outcome);

    /**
     * Gives back a charge, or the {@linkplain UsageEvent#part part} of it that is given; completes when that is durable, in the stream or on disk. Never fails. Safe to repeat, and if
     * nothing was charged.
     *
     * @param patience how long Redis may be waited for; zero if it must not be
     */
    Mono<Void> refund(UsageEvent charge, Duration patience);

    /**
     * Records a charge that policy admitted and that must not go to the stream; completes when it is durable, in the database
     * or on disk. Fails with {@code JournalFullException} if it cannot be and settings say to refuse.
     *
     * @param patience how long it may be waited for that Redis hears of it; zero if it must not be
     */
    Mono<Void> charge(UsageEvent charge, Duration patience);

    /**
     * Records a charge that policy admitted while neither Redis nor the database answers, without asking them again, and
     * gives back the one that they may have made for the same request; completes when both are on disk. Fails as
     * {@link #charge} does.
     */
    Mono<Void> chargeToJournal(UsageEvent charge, UsageEvent inDoubt);

    /** Whether so much is waiting to be recorded that nothing more may be charged to the stream for now. */
    boolean isFull();
}
