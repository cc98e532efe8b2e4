package dev.sluice.usage;

import dev.sluice.journal.EventJson;
import dev.sluice.journal.UsageEvent;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import reactor.core.publisher.Mono;

/**
 * Writes each event as one line {@code usage-event <json>}. The JSON is what {@code apply_usage} takes, so the lines can be
 * replayed, any number of times.
 */
final class LoggedOverflow implements EventOverflow {

    private static final Logger log = LoggerFactory.getLogger(LoggedOverflow.class);

    @Override
    public Mono<Void> keep(List<UsageEvent> events) {
        return Mono.fromRunnable(() -> events.forEach(event -> log.warn("usage-event {}", EventJson.complete(event))));
    }
}
