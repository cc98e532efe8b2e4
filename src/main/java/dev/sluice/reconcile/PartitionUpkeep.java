package dev.sluice.reconcile;

import dev.sluice.supabase.PostgRest;
import java.time.Duration;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.core.ParameterizedTypeReference;

/** Has the database make the partitions of the days to come and drop those past the retention, once a day. */
final class PartitionUpkeep {

    /** How often an instance asks for its turn, so that a restart delays nothing by a day. */
    static final Duration ASKED_EVERY = Duration.ofHours(1);

    private static final Logger log = LoggerFactory.getLogger(PartitionUpkeep.class);
    private static final Duration INTERVAL = Duration.ofDays(1);
    private static final ParameterizedTypeReference<Map<String, Integer>> COUNTS =
            new ParameterizedTypeReference<>() {};

    private final PostgRest database;
    private final Locks locks;
    private final long retentionDays;

    /** @param retention how long the database knows an event's id, in whole days */
    PartitionUpkeep(PostgRest database, Locks locks, Duration retention) {
        this.database = database;
        this.locks = locks;
        this.retentionDays = retention.toDays();
    }

    /** A scheduled run. Blocks. */
    void runInTurn() {
        try {
            if (locks.takeTurn("partitions", INTERVAL)) {
                Map<String, Integer> counts = database.rpcInBackground(
                                "maintain_usage_partitions", Map.of("p_retention_days", retentionDays), COUNTS)
                        .block();
                log.info("Partitions of usage_events: {}", counts);
            }
        } catch (RuntimeException e) {
            log.warn("The partitions of usage_events are looked after later: {}", e.toString());
        }
    }
}
