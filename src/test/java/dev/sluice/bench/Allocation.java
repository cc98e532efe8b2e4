package dev.sluice.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import jdk.jfr.consumer.RecordedEvent;

/** Target 4: what all threads of the program allocate per request, as the JVM itself counts it. */
final class Allocation {

    private static final String EVENT = "jdk.ThreadAllocationStatistics";
    private static final double LIMIT_KIB = 40;

    private Allocation() {}

    static Verdict measure(Plan plan, Stage stage, Program sluice) {
        List<Double> rounds = new ArrayList<>();
        List<Double> rates = new ArrayList<>();
        // The first recording of a JVM instruments classes, for which their code is compiled anew.
        Recorded.event(sluice, EVENT, () -> {});
        Rounds.warm(plan, stage, sluice, "Sluice, after a recording", Load.SIGN);
        for (int round = 0; round < plan.rounds(); round++) {
            Wrk[] wrk = new Wrk[1];
            Path recording = Recorded.event(sluice, EVENT, () -> {
                wrk[0] = Wrk.run(stage.cores()::others, sluice.url(), Load.SIGN, plan.connections(), plan.seconds());
                stage.drain();
            });
            rounds.add(bytes(Recorded.read(recording, EVENT)) / 1024.0 / wrk[0].requests());
            rates.add(wrk[0].rate());
        }
        Spread kib = Spread.of(rounds);
        return Verdict.of(
                4,
                "Sluice, signed URL: KiB allocated per request",
                kib.median(),
                LIMIT_KIB,
                "rounds " + kib.text(1) + " at " + Spread.of(rates).text(0) + " requests/s, background included");
    }

    /** A thread's counter only grows; one that was started meanwhile has no first figure. */
    private static long bytes(List<RecordedEvent> events) {
        Map<Long, Long> least = new HashMap<>();
        Map<Long, Long> most = new HashMap<>();
        for (RecordedEvent event : events) {
            long thread = event.getThread("thread").getId();
            least.merge(thread, event.getLong("allocated"), Math::min);
            most.merge(thread, event.getLong("allocated"), Math::max);
        }
        return most.entrySet().stream()
                .mapToLong(entry -> entry.getValue() - least.getOrDefault(entry.getKey(), 0L))
                .sum();
    }
}
