package dev.sluice.bench;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.ToLongFunction;
import java.util.regex.Pattern;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;

/** Where the time and the memory of one load go, by samples of the program's own JVM; costs some percent itself. */
final class Profile {

    private static final int LINES = 25;
    private static final String OURS = "dev.sluice.";
    private static final Pattern JDK = Pattern.compile("(java|javax|jdk|sun|com\\.sun)\\.");
    private static final Pattern PACKAGE = Pattern.compile("^((?:[a-z_0-9]+\\.){1,3}).*$");

    private Profile() {}

    static String of(Plan plan, Stage stage, Program sluice, Load load) {
        Path recording = Recorded.during(
                sluice,
                "profile",
                () -> Wrk.run(stage.cores()::others, sluice.url(), load, plan.connections(), plan.seconds() * 2));
        List<RecordedEvent> samples = Recorded.read(recording, "jdk.ExecutionSample");
        List<RecordedEvent> allocations = afterTheFirst(Recorded.read(recording, "jdk.ObjectAllocationSample"));
        ToLongFunction<RecordedEvent> once = event -> 1;
        ToLongFunction<RecordedEvent> weight = event -> event.getLong("weight");
        return "\nProfile of " + load.method() + " " + load.path() + "\n"
                + shares("time by the innermost library but the JDK", samples, once, Profile::library)
                + shares("memory by the innermost library but the JDK", allocations, weight, Profile::library)
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

    /** A thread's first sample weighs what the thread has allocated since it was started. */
    private static List<RecordedEvent> afterTheFirst(List<RecordedEvent> samples) {
        Set<Long> seen = new HashSet<>();
        return samples.stream()
                .filter(sample -> !seen.add(sample.getThread().getJavaThreadId()))
                .toList();
    }

    /** The first three parts of the package. */
    private static String library(RecordedEvent event) {
        if (event.getStackTrace() == null) {
            return "(no stack)";
        }
        return event.getStackTrace().getFrames().stream()
                .map(frame -> frame.getMethod().getType().getName())
                .filter(type -> !JDK.matcher(type).lookingAt())
                .map(type -> PACKAGE.matcher(type).replaceFirst("$1"))
                .findFirst()
                .orElse("(the JDK alone)");
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
