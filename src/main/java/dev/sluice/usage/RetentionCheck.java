package dev.sluice.usage;

import dev.sluice.admission.IdLife;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import org.springframework.beans.factory.InitializingBean;

/** Stops the start if the database would forget an event's id before the last use of it: what comes then is refused. */
record RetentionCheck(Duration retention, List<IdLife> lives) implements InitializingBean {

    /** For what waits to be applied; and the database counts in days. */
    private static final Duration SPARE = Duration.ofDays(1);

    @Override
    public void afterPropertiesSet() {
        lives.stream().max(Comparator.comparing(IdLife::longest)).ifPresent(life -> {
            Duration needed = life.longest().plus(SPARE);
            if (retention.compareTo(needed) < 0) {
                throw new IllegalStateException("sluice.usage.retention must be at least " + days(needed)
                        + ": what it keeps is asked for after the time that follows from " + life.properties()
                        + ", and a day more. Raise the one or lower the other");
            }
        });
    }

    private static String days(Duration atLeast) {
        long whole = atLeast.toDays();
        return (atLeast.equals(Duration.ofDays(whole)) ? whole : whole + 1) + "d";
    }
}
