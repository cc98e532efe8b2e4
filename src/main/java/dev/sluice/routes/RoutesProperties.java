package dev.sluice.routes;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the routes file is followed.
 *
 * @param reloadInterval how often the routes file is looked at, at least 10 ms; a change holds once two looks in a row
 *     have seen the same
 */
@ConfigurationProperties("sluice.routes")
record RoutesProperties(@DefaultValue("1s") Duration reloadInterval) {

    private static final Duration SHORTEST_PATIENCE = Duration.ofMinutes(1);

    RoutesProperties {
        if (reloadInterval.toMillis() < 10) {
            throw new IllegalArgumentException("sluice.routes.reload-interval must be at least 10ms, for example 1s");
        }
    }

    /** How long there may be no look at the file: ten intervals, a minute at least. */
    Duration patience() {
        Duration intervals = reloadInterval.multipliedBy(10);
        return intervals.compareTo(SHORTEST_PATIENCE) < 0 ? SHORTEST_PATIENCE : intervals;
    }
}
