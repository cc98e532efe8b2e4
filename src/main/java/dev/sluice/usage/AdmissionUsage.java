package dev.sluice.usage;

import dev.sluice.admission.UsageSink;
import dev.sluice.journal.UsageEvent;
import reactor.core.publisher.Mono;

/** The admission's way into the pipeline. */
final class AdmissionUsage implements UsageSink {

    private final UsageRecorder recorder;
    private final UsageBacklog backlog;

    AdmissionUsage(UsageRecorder recorder, UsageBacklog backlog) {
        this.recorder = recorder;
        this.backlog = backlog;
    }

    @Override
    public Mono<Void> outcome(UsageEvent outcome) {
        return recorder.outcome(outcome);
    }

    @Override
    public void refundLater(UsageEvent charge) {
        recorder.refundLater(charge);
    }

    @Override
    public void chargeLater(UsageEvent charge) {
        recorder.outcome(charge).subscribe();
    }

    @Override
    public boolean isFull() {
        return backlog.isFull();
    }
}
