package dev.sluice.bench;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;

/** Where the time and the memory of one load go, by samples of the program's own JVM; costs some percent itself. */
final class Profile {

    private static final int LINES = 25;
    private static final String OURS = "dev.sluice.";

    private Profile() {}

    static String of(Plan plan, Stage stage, Program sluice, Load load) {
        Path recording = Recorded.during(
                sluice,
                "profile",
                () -> Wrk.run(stage.cores()::others, sluice.url(), load, plan.connections(), plan.seconds() * 2));
        List<RecordedEvent> samples = Recorded.read(recording, "jdk.ExecutionSample");
        List<RecordedEvent> allocations = Recorded.read(recording, "jdk.ObjectAllocationSample");
        ToLongFunction<RecordedEvent> once = event -> 1;
        ToLongFunction<RecordedEvent> weight = event -> event.getLong("weight");
        return "\nProfile of " + load.method() + " " + load.path() + "\n"
                + shares("time by method", samples, once, event -> top(event, ""))
                + shares("time by the innermost method of Sluice", samples, once, event -> top(event, OURS))
                + shares(
                        "memory by class",
                        allocations,
                        weight,
                        event -> event.getClass("objectClass").getName())
                + shares("memory by the innermost method of Sluice", allocations, weight, event -> top(event, OURS));
    }

    private static String shares(
            String title,
            List<RecordedEvent> events,
            ToLongFunction<RecordedEvent> weight,
            Function<RecordedEvent, String> name) {
        Map<String, Long> sums = new HashMap<>();
        events.forEach(event -> sums.merge(name.apply(event), weight.applyAsLong(event), Long::sum));
        double all = sums.values().stream().mapToLong(Long::longValue).sum();
        StringBuilder lines =
                new StringBuilder(title).append(", ").append(events.size()).append(" samples\n");
        sums.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .limit(LINES)
                .forEach(entry -> lines.append(
                        String.format(Locale.ROOT, "  %5.1f %%  %s%n", 100 * entry.getValue() / all, entry.getKey())));
        return lines.toString();
    }

    /** The innermost frame whose class begins so; with its line where it is one of ours. */
    private static String top(RecordedEvent event, String prefix) {
        if (event.getStackTrace() == null) {
            return "(no stack)";
        }
        for (RecordedFrame frame : event.getStackTrace().getFrames()) {
            String type = frame.getMethod().getType().getName();
            if (type.startsWith(prefix)) {
                return type + "." + frame.getMethod().getName()
                        + (prefix.isEmpty() ? "" : ":" + frame.getInt("lineNumber"));
            }
        }
        return "(none)";
    }
}
