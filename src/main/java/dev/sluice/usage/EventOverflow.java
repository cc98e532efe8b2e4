package dev.sluice.usage;

import dev.sluice.journal.UsageEvent;
import java.util.List;
import reactor.core.publisher.Mono;

/** The last resort for events that neither Redis nor the database takes. */
public interface EventOverflow {

    /** Keeps the events so that they can be replayed. Must not fail, and must not drop any. */
    Mono<Void> keep(List<UsageEvent> events);
}
