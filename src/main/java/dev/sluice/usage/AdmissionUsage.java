package dev.sluice.usage;

import dev.sluice.admission.UsageSink;
import dev.sluice.journal.Journal;
import dev.sluice.journal.UsageEvent;
import dev.sluice.redis.RedisUnavailableException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import reactor.core.publisher.Mono;

/** The admission's way into the pipeline. What is begun here is carried out even if its request is gone meanwhile. */
final class AdmissionUsage implements UsageSink {

    private final UsageRecorder recorder;
    private final EventWriter writer;
    private final UsageStream requestStream;
    private final Journal journal;
    private final UsageBacklog backlog;
    private final Clock clock;

    /** @param requestStream on the request path's connection, which has its timeout and breaker */
    AdmissionUsage(
            UsageRecorder recorder,
            EventWriter writer,
            UsageStream requestStream,
            Journal journal,
            UsageBacklog backlog,
            Clock clock) {
        this.recorder = recorder;
        this.writer = writer;
        this.requestStream = requestStream;
        this.journal = journal;
        this.backlog = backlog;
        this.clock = clock;
    }

    @Override
    public Mono<Void> outcome(UsageEvent outcome) {
        return recorder.outcome(outcome);
    }

    /** One that Redis may have taken although it was not waited for is in the journal too; it counts once. */
    @Override
    public Mono<Void> refund(UsageEvent charge, Duration patience) {
        return carriedOut(Mono.defer(() -> {
            List<UsageEvent> refund = List.of(charge.refund(clock.instant()));
            return backlog.isFull() || patience.isZero()
                    ? journal.append(refund)
                    : requestStream
                            .add(refund.get(0))
                            .timeout(patience)
                            .onErrorResume(AdmissionUsage::isUnanswered, error -> journal.append(refund));
        }));
    }

    private static boolean isUnanswered(Throwable error) {
        return error instanceof RedisUnavailableException || error instanceof TimeoutException;
    }

    @Override
    public Mono<Void> charge(UsageEvent charge, Duration patience) {
        return carriedOut(writer.apply(charge, patience)
                .flatMap(left -> left.isNothing() ? Mono.empty() : journal.appendOrRefuse(charge)));
    }

    @Override
    public Mono<Void> chargeToJournal(UsageEvent charge, UsageEvent inDoubt) {
        return journal.appendOrRefuse(inDoubt.refund(clock.instant()), charge);
    }

    @Override
    public boolean isFull() {
        return backlog.isFull();
    }

    private Mono<Void> carriedOut(Mono<Void> work) {
        return Mono.defer(() -> recorder.carryOut(work));
    }
}
