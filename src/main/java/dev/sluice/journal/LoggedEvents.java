package dev.sluice.journal;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The last resort for events: each is one line {@code usage-event <json>}. The JSON is what {@code apply_usage} takes, so
 * the lines can be replayed, any number of times.
 */
final class LoggedEvents {

    private static final Logger log = LoggerFactory.getLogger(LoggedEvents.class);

    private LoggedEvents() {}

    static void keep(List<UsageEvent> events) {
        events.forEach(event -> log.warn("usage-event {}", EventJson.complete(event)));
    }
}
