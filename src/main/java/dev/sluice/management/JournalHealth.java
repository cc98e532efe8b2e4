package dev.sluice.management;

import dev.sluice.journal.Journal;
import dev.sluice.journal.Journal.State;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;

/** The journal's health: degraded while events wait in it or it does not take any, never down. Never waits for the disk. */
final class JournalHealth implements HealthIndicator {

    private final Journal journal;

    JournalHealth(Journal journal) {
        this.journal = journal;
    }

    @Override
    public Health health() {
        long events = journal.waiting();
        State state = journal.state();
        Health.Builder health =
                events == 0 && state == State.WRITABLE ? Health.up() : Health.status(LayerHealth.DEGRADED);
        if (events > 0) {
            health.withDetail("meanwhile", "these events are not charged yet; they are replayed by themselves");
        }
        if (state != State.WRITABLE) {
            health.withDetail("warning", "events that it does not take are log lines that begin with usage-event");
        }
        return health.withDetail("state", state)
                .withDetail("events", events)
                .withDetail("bytes", journal.bytes())
                .withDetail("maxBytes", journal.maxBytes())
                .build();
    }
}
