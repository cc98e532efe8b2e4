package dev.sluice.journal;

import dev.sluice.journal.Journal.State;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;

/** What a journal tells the metrics. */
final class JournalMeters {

    private final Counter overflowed;
    private final Timer writes;

    JournalMeters(Journal journal, MeterRegistry metrics) {
        overflowed = Counter.builder("sluice.journal.overflowed")
                .description("Usage events that the journal could not keep and that became log lines")
                .register(metrics);
        writes = Timer.builder("sluice.journal.writes")
                .description("Writes to the journal's disk, fsync included")
                .register(metrics);
        Gauge.builder("sluice.journal.bytes", journal, Journal::bytes)
                .description("Bytes of the journal on disk")
                .register(metrics);
        Gauge.builder("sluice.journal.events", journal, Journal::waiting)
                .description("Usage events that wait in the journal")
                .register(metrics);
        Gauge.builder("sluice.journal.failing", journal, it -> it.state() == State.FAILING ? 1 : 0)
                .description("1 while the journal's disk fails")
                .register(metrics);
    }

    /** Events became log lines. */
    void overflowed(int events) {
        overflowed.increment(events);
    }

    /** A write took so many nanoseconds. */
    void written(long nanos) {
        writes.record(nanos, TimeUnit.NANOSECONDS);
    }
}
